"""The soak of the camera loop: many frames with a fault every so many of them, then the account of
each frame. `python -m benchmarks.edge_soak`.

    site.py       where it runs: a small disk of its own, a broker and a subscriber, an S3 server
    process.py    the real `litescore edge run` as a child, watched from outside; program.py: what
                  runs in it, the one stand-in being camera.py, which fails when told to
    models.py     model files: good ones, half a one, one that computes otherwise than recorded
    faults.py     what goes wrong, in an order that the seed decides
    soaking.py    frames, faults, restarts, until there were enough frames
    verdict.py    holds what came out against what was told; table.py prints it

Nothing here is told by the loop's own words but its state: records, messages and objects are counted
where they arrived.
"""
