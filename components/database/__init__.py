"""Where the services of an environment keep their rows."""
