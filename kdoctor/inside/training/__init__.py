"""What train.py is made of: run by the examined interpreter, in Python 3.6 syntax, with nothing else of kdoctor's."""
