"""One router a resource; `schemas` is what they say."""
