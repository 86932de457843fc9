"""How a cluster is reached."""
