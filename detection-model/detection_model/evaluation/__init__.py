"""Evaluation of models: metrics with intervals, curves, every prediction."""
