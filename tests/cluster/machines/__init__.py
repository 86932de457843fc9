"""What only a real control plane shows."""
