"""From broken to training, or nothing changed: choose a recipe, solve it, make the environment, prove it."""
