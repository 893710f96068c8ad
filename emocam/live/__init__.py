"""What a network answers about a camera, a film or a pipe while it is watched."""
