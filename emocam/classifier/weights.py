"""The one door for weights, where classifiers look for it."""

from emocam.weights import SUFFIXES, cached, fit, is_file, read_labels, read_weights

__all__ = ["SUFFIXES", "cached", "fit", "is_file", "read_labels", "read_weights"]
