"""Trains a recipe on a data set and publishes the model."""
