"""Torch networks and their layers, independent of what they classify or detect."""
