"""How good a model is, said honestly: metrics with intervals, curves, every prediction."""
