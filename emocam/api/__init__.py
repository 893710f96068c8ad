"""The functions to call from Python, in a script or a notebook."""
