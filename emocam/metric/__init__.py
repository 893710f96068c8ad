"""Aggregates that are exact on any number of processes."""
