"""The machine: cores, memory, the terminal."""
