"""Explanations of a model's output: attribution methods, and heat maps of their results."""
