"""The tracking server, which is the model registry too."""
