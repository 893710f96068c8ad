"""The numbers and the verdict of each cell of the matrix, an object and a label."""
