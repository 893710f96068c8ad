"""From a picture to a tensor."""
