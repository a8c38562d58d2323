"""Audits a data set before training: statistics, duplicates, leaks, and a report."""
