"""Images of projects: named by repository and digest, never by a tag."""
