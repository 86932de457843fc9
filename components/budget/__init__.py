"""What an environment may cost before somebody is told."""
