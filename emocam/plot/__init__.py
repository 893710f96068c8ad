"""Data in, Figure out."""
