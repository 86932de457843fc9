"""Which machine a pod finds."""
