"""Pictures changed and classified again."""
