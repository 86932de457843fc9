"""Where packages and data live."""
