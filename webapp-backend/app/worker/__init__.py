"""The worker role: a process of its own that prepares models for serving, and does jobs.

It may be killed at any time. What is to be prepared follows from the models folder and the cache,
and jobs from the store, so a new worker goes on where the last one ended; nothing is handed over.
One worker a cache.
"""
