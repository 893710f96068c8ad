"""What in the pictures drives an image classifier's decisions, over a whole corpus."""

__version__ = "0.1.0"
