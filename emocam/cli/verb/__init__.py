"""Commands other than a run: each file is one verb."""
