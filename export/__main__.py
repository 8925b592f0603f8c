from export.cli import export
from litescore.cli import run

run(export)
