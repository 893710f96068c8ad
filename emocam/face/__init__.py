"""Faces in pictures: found, blurred."""
