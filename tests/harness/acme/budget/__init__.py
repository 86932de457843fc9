"""Budgets of the organisation."""
