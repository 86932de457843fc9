"""How models are deployed to a cluster."""
