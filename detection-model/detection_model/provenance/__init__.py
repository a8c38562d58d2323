"""Provenance of an image file: metadata, signed credentials, and declarations of generation.

All of it can be removed or forged, except a valid signature.
"""
