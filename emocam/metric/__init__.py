"""Torchmetrics that are exact on any number of processes."""
