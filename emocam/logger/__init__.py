"""The tracking store."""
