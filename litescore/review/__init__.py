"""A person looks at pictures that a model scored, and says what they are: `litescore review`.

    items.py      what there is to look at: pictures and their records, the least sure first
    labels.py     the labels to choose from, and the class folder of each
    log.py        decisions.jsonl: each decision a line, synced before anything else is done
    folders.py    the class folders: a picture is staged, logged, then moved into place
    desk.py       all of it together: what is next, decide, reject, skip, undo
    pictures.py   a picture as a browser shows it
    summary.py    confirmed, corrected, confused; the accuracy on the frames kept by chance
    server.py     the paths of the page
    page.html     the page

What it writes is what `litescore train --data` reads. It knows no camera, and never reaches a model.
"""
