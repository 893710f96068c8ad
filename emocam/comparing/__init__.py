"""What a comparison of runs is made of."""
