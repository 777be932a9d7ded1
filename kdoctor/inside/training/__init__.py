"""What train.py is made of: run by the examined interpreter, Python 3.6 syntax, nothing of kdoctor's but what is here."""
