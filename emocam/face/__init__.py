"""Faces in pictures: how they are found and blurred."""
