"""The inference service: `api` answers requests, `worker` prepares models."""
