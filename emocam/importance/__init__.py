"""The weight of a region, given a map."""
