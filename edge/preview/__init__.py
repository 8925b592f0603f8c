"""The loop in a browser: the live picture, what the model makes of it, and how the device is doing.

    options.py    `--preview` and its like; opens a preview
    routes.py     what each path answers
    preview.py    all of it together
    history.py    the newest frame and the last decisions
    feed.py       the page's numbers, made once for all who look; pace.py: its pictures
    metrics.py    Prometheus' text
    health.py     whether the loop is well
    pages.py      page.html, the page

Where it listens, who may look and the server itself are `litescore.web`'s.
It does not know what a camera, a model file or a sink is: it shows a Snapshot, and frames as pictures.
"""
