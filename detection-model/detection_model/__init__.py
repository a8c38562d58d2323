"""Detectors of generated portraits: train, evaluate, judge, export.

Importing this package, `card`, `images` or `verdict` imports no TensorFlow.
"""

from importlib.metadata import version

__version__ = version("detection-model")
