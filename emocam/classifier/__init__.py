"""Classifiers, each cut at the explained layer."""
