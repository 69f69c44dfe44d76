"""`python -m harmony` is the command `harmony`, with the interpreter that the caller chose."""

from harmony.cli import main

if __name__ == "__main__":
    main()
