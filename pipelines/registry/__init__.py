"""Model registries: which digest is which release of a model."""
