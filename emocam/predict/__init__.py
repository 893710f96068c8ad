"""The pass over a corpus."""
