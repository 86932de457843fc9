"""What a stack is built from: one folder per kind, one file per flavor."""
