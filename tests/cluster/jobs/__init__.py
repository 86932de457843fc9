"""What jobs at GitHub may do in a cluster."""
