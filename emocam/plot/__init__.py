"""Functions that draw data as a Matplotlib figure or on its axes."""
