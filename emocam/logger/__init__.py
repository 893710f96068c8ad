"""The tracking store, in which runs, numbers and files are logged."""
