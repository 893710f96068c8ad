"""What a person calls from Python, in a script or a notebook."""
