"""Attribution of a network's answers to its input features: points of a face over time."""
