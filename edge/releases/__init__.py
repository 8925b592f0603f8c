"""Releases on the device: fetched, proven, swapped in between two frames, and taken back.

STATE/releases/shoes/a/model.tflite, a/release.json     one slot: a file and its signed statement
STATE/releases/shoes/b/...                              the other
STATE/releases/shoes/state.json                         which runs, on trial or not, which are bad
STATE/releases/shoes/<sha256>.part                      what has come of a file so far
STATE/releases/shoes/lock                               held by the loop that follows

    follower.py   watches a channel and the frames, has the loop take a release, and takes it back
    lookout.py    what the channel hands out to this device, and why that is not taken
    intake.py     a release on its way into a slot: fetching.py, then proven here, then slots.py
    trial.py      whether it runs as well as the one before; state.py: what outlives the process
"""
