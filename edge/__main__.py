from edge.cli import edge
from litescore.cli import run

run(edge)
