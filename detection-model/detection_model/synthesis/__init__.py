"""Fakes made from real faces: some to learn from (`taught`), some to measure on (`unseen`)."""
