"""Releases on the device: fetched, proven, swapped in between two frames, and taken back.

STATE/releases/shoes/a/model.tflite, a/release.json     one slot: a file and its signed statement
STATE/releases/shoes/b/...                              the other
STATE/releases/shoes/state.json                         which runs, on trial or not, which are bad
STATE/releases/shoes/<sha256>.part                      what has come of a file so far
"""
