"""Callbacks, which write files and numbers from a finished run."""
