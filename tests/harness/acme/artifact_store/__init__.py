"""Artifact stores of the organisation."""
