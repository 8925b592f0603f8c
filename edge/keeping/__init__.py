"""Frames kept for people and for training: by rule, in a folder or on S3, whole, with their records.

    rules.py      which frames: the least sure, a label, every n-th, changes, a random share
    quota.py      how many a day, whatever the clock does
    allowance.py  rules that share a quota and a pace
    kept.py       what is kept of a frame: its picture, and its record beside it
    keep.py       looks at every frame; hands on those that a rule wants
    delivery.py   brings them to their place; while that is away they wait in a spool
    options.py    the options, and what they open

It does not know how frames are scored, nor what becomes of those that it kept.
"""
