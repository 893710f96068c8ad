"""CAM methods: the parts of the explained layer that speak for a label."""
