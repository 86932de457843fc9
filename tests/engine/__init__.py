"""Real programs in the real engine."""
