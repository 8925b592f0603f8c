"""SIGKILL while a device takes a release: at every step of it, and at any time.
`python -m benchmarks.kills`.

    site.py       a shelf in a folder with releases, and what is true of a device's disk after a kill
    steps.py      the device in a forked process that kills itself before step k, for every k
    anytime.py    the device's real thread in a forked process, killed from outside
    processes.py  the real `litescore edge run`, killed from outside

The forks are what makes a step cost milliseconds: everything is imported once. What runs in them are
the real follower, the real loop and real model files.
"""
