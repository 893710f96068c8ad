"""Counts, tests and intervals."""
