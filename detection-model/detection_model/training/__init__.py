"""Trains a version of the zoo on a data set and publishes it."""
