"""Points of faces over time, as arrays."""
