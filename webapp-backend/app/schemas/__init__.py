"""Request and response types, one module for each resource. Fields are only ever added."""
