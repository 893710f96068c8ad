"""One command, a sweep, a merge: from composed settings to a finished folder."""
