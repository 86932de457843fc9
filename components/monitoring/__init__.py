"""What is kept of predictions and their labels, and what watches served models."""
