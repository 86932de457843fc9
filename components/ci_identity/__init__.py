"""As whom the CI of a project acts in an environment."""
