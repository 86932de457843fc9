"""Artifact stores: packages addressed by digest, written once, never changed."""
