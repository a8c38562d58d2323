"""Converts models: to LiteRT for serving, and to formats for other runtimes."""
