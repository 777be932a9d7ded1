"""Stand-alone scripts that run in children; nothing of kdoctor imports them.

Those for the examined interpreter are in Python 3.6 syntax and import the standard library and what they test.
Each prints one JSON object as its last line.
"""
