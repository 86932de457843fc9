"""The live services: how each resource type is really made, read, changed and deleted."""
