"""Where images live."""
