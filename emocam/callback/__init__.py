"""What is kept from a run."""
