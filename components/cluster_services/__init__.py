"""What a cluster needs before anybody uses it."""
