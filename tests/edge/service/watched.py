#!/usr/bin/python3
"""What the unit starts in these tests in place of the loop: it tells systemd the same, by the same
means, and writes down what it was given. A file called `hang` makes it hang.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, "/opt/litescore/src")

from edge.service.notify import Notifier


def hang_in_the_driver() -> None:
    Path("hang").unlink()
    time.sleep(3600)


def main() -> None:
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))
    places = ("/etc", "/usr", "/opt", ".", os.environ["TMPDIR"])
    seen = {
        "words": sys.argv[1:],
        "password": os.environ["LITESCORE_MQTT_PASSWORD"],
        "model": len(Path(os.environ["LITESCORE_MODEL"]).read_bytes()),
        "user": os.getuid(),
        "writable": [place for place in places if os.access(place, os.W_OK)],
        "boot": len(Path("/proc/sys/kernel/random/boot_id").read_text()),
    }
    Path("seen.json").write_text(json.dumps(seen))
    notifier = Notifier.here()
    notifier.ready("scoring")
    while not stop:
        notifier.alive()
        if Path("hang").exists():
            hang_in_the_driver()
        time.sleep(0.02)
    notifier.stopping()
    Path("ended").touch()


if __name__ == "__main__":
    main()
