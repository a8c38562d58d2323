"""The worker role: a separate process that converts models and does jobs.

It may be killed at any time. The models folder and the cache show what is to convert, and the
database holds the jobs, so a new worker continues where the last one ended. Several workers may
share a cache: each model is converted by one of them.
"""
