"""What runs a model for its clients."""
