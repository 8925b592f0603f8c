"""A command that a page's shell finds in its PATH: hands its words to the test, and tells its answer.

Standard library only, since it runs with `python -I -S`.
"""

import json
import os
import socket
import sys
from pathlib import Path


def main() -> int:
    asked = {"words": sys.argv[1:], "folder": str(Path.cwd()), "environ": dict(os.environ)}
    with socket.create_connection(("127.0.0.1", int(os.environ["PAGE_PORT"]))) as peer:
        peer.sendall(json.dumps(asked).encode() + b"\n")
        with peer.makefile("r", encoding="utf-8") as answers:
            answer = json.loads(answers.readline())
    sys.stdout.write(answer["out"])
    sys.stderr.write(answer["err"])
    return int(answer["code"])


if __name__ == "__main__":
    sys.exit(main())
