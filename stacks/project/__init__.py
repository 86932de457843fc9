"""The stack of a project: what one project gets in one environment."""
