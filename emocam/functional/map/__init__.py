"""Maps (B, h, w) and what lies in them."""
