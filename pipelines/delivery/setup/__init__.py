"""The settings of a repository that delivery needs: compared with what they are, and changed where they differ."""
