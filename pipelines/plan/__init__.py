"""The offline plan: what a stack would make, what policy says of it, and what changed."""
