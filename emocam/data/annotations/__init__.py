"""Readers of what people wrote about pictures, one for each format."""
