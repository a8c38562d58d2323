"""Why does a model say so? Heat maps of what speaks for Fake and for Real, and pictures of them."""
