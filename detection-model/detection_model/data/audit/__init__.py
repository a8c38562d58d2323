"""A look at a data set before training: figures, duplicates, leaks, and a report of them."""
