"""What a run does with each batch."""
