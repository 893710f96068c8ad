"""The one door for weights, where classifiers look for it."""

from emocam.weights import SUFFIXES, fit, is_file, read_labels, read_weights

__all__ = ["SUFFIXES", "fit", "is_file", "read_labels", "read_weights"]
