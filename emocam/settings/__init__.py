"""What a user may set: found, checked, built."""
