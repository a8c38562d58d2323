"""Data sets on disk: which pictures belong to which split and class, and their pixels."""
