"""The records that travel between stages.

B images, N regions, L labels, O objects, C channels, (h, w) the cells of a map. Boxes and windows
are (x0, y0, x1, y1) in the frame of the upright image, [0, 1] from left to right and top to bottom.
"""
