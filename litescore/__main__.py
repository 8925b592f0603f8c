"""`python -m litescore`: what the command `litescore` does."""

from litescore.cli import main

main()
