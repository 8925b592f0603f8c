"""`python -m export`: what `litescore export` does."""

from export.cli import export
from litescore.cli import run

run(export)
