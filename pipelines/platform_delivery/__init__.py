"""What the jobs of the platform's own repository do: offline plans, applying in order, looking for drift, releases."""
