"""Drawn pictures whose truth is known."""
