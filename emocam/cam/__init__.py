"""CAM methods: what of the explained layer speaks for a label."""
