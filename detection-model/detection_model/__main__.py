"""`python -m detection_model`."""

from detection_model.cli import app

app()
