"""The whole life of a project, offline, on one machine."""
