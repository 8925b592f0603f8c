"""`python -m benchmarks.pictures`: the pictures of docs/, made from real runs.

workshop.py  the runs: a model trained, exported, scored with; each made once, when it is asked for
samples.py   what the runs are given: photographs of the data set's test part, a clip, planted faults
scenes.py    what each picture shows: a page and its part
shots.py     a page in Chromium -> a small PNG

It types the commands that a user would, and knows their pages by what a reader sees there. It is not
shipped.
"""
