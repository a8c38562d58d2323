"""HTTP without the API: limits, headers, the page, TensorBoard."""
