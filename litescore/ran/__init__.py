"""What ran where: records of images joined with the releases that scored them.

    seen.py       what the records of one model come to
    agreement.py  two releases on the same images
    joined.py     releases, turns, records and drift, side by side
    timeline.py   images of each release by the hour
    lines.py      all of it as lines for a terminal
    page.py       all of it as a page with pictures

It reads records and shelves through their own rooms, and knows no S3, device or runtime.
"""
