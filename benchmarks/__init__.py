"""What `make bench` measures: each module has a `TITLE` and a `measure()` that returns the rows of its table."""
