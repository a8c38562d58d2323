"""Routes: one router for each resource, with request and response types from `schemas`."""
