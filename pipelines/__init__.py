"""What people and CI run: the `stackwright` command and its logic."""
