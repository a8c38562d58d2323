"""Runs models on pictures: faces, crops, probabilities, verdicts and their uncertainty."""
