"""The hosts of repositories, asked for what only they know."""
