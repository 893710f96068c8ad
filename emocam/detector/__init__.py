"""Detectors, which find regions in pictures."""
