"""What observers say of films, event by event, in the formats in which it is published."""
