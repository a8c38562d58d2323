"""The worker role: a process of its own with TensorFlow, which prepares models for serving.

It may be killed at any time. What is to do follows from the models folder and the cache,
so a new worker goes on where the last one ended; nothing is handed over. One worker a cache.
"""
