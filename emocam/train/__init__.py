"""Training the networks of the embedded worlds."""
