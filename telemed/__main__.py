"""`python -m telemed`, and what the `telemed` command begins with."""

import gc


def main() -> None:
    """Run the command line. Its own parts stay for ever: a search for garbage among them, again and
    again while they are loaded, would be a fifth of the start."""
    gc.disable()
    from telemed.cli import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
