"""Views of a picture's pixels and file that a person can judge: pure functions, no verdict.

Needs neither TensorFlow nor matplotlib nor scipy.
"""
