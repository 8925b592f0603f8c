"""`python -m edge`: what `litescore edge` does."""

from edge.cli import edge
from litescore.cli import run

run(edge)
