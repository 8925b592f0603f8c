"""`python -m trainer` is `litescore train`."""

from litescore.cli import run
from trainer.cli import train

if __name__ == "__main__":
    run(train)
