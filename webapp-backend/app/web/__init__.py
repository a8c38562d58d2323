"""What belongs to HTTP and not to the API: limits, headers, the page, TensorBoard."""
