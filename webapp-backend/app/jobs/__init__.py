"""Long work: accepted by the API, kept in the store, done by the worker, taken up again by another.

A runner that does a job counts up its `beat`. Whoever sees a beat stand still takes the job over,
and what the other may still bring is refused: each result is stored once. No clock is compared
with another, so clocks may jump.
"""
