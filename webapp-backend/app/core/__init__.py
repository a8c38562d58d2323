"""Settings, logging, metrics, errors: what every other package may import."""
