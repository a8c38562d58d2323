"""Checks folders of example files, one folder per kind of input: `make cases CASES=FOLDER`."""
