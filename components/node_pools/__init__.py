"""Machines that pods run on."""
