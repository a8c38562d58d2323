"""Runs models on images: crops, probabilities, verdicts and their uncertainty."""
