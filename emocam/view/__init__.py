"""The way from a picture to a tensor."""
