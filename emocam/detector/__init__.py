"""Detectors: pictures in, regions out."""
