"""A provider plugin that stands in for Kubernetes: checks what is asked, and records it."""
