"""Tables of eye movements, recognised by their content."""
