"""What a region weighs, given a map."""
