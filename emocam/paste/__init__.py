"""Pictures changed on purpose, to see which labels flip."""
