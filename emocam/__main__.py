"""The entry point of `python -m emocam`."""

from emocam.cli.main import main

if __name__ == "__main__":
    main()
