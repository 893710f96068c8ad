"""What is known of each cell of the matrix: an object and a label."""
