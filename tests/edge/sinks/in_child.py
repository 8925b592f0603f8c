"""What a program that a test starts needs, to tell events over a spool of its own."""

import os
import signal
import sys
import time
from pathlib import Path

from edge.sinks.mqtt import Mqtt
from edge.sinks.mqtt_link import Server
from edge.sinks.spool import Spool
from edge.stop import Stop
from tests.edge.sinks.shown import DEVICE, Snapped
from tests.edge.sinks.sinking import PLACE, write
from tests.rig.process import HOST
from tests.rig.waiting import wait_until

__all__ = [
    "DEVICE",
    "HOST",
    "PLACE",
    "Mqtt",
    "Path",
    "Server",
    "Snapped",
    "Spool",
    "Stop",
    "os",
    "signal",
    "sys",
    "time",
    "wait_until",
    "write",
]
