"""What is kept of predictions, and the labels that arrive later."""
