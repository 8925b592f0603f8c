"""litescore as a systemd service on the device: written, started, watched.

    unit.py        the text of the unit and of its environment file
    reach.py       whether a service that is a user of its own may use a path
    installing.py  the files of an installation, and how they get to their places
    notify.py      what the running service tells systemd: ready, alive, stopping

It knows neither frames nor models. It starts nothing and stops nothing: that is systemctl's.
"""
