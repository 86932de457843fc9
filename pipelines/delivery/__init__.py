"""What the jobs of a project do, host by host: pure decisions with reasons, and thin runners."""
