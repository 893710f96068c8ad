"""Boxes: (x0, y0, x1, y1) as tensors."""
