"""Where people looked, as maps and as scores of maps."""
