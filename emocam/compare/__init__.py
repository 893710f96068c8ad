"""The comparison of several finished runs."""
