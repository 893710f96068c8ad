"""Maps (B, h, w) and measures of their regions."""
