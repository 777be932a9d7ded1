"""One module per rule: a docstring for people and one function that judges facts."""
