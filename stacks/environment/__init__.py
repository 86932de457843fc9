"""The stack of an environment: the platform there."""
