"""Torch networks and their layers, whatever they classify or detect."""
