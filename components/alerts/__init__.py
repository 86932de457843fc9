"""Where people hear that something is wrong."""
