"""The edge room: camera frames in, records out, on a device one can leave alone for a year.

    source --Frame--> loop --Scored--> watchers: every frame
                                   \\-> sinks: what is told, which records of changes are by default

    frames/        what frames and sources are: cameras, streams, clips, folders
    loop.py        frame -> tensor -> probabilities -> decision, until the end or a stop
    decisions.py   one decision of frame after frame; emission.py: which frames are told
    scored.py      what the loop made of a frame; outbox.py: hands what is told to the sinks
    sinks/         JSON lines, MQTT, and the spool of what waits
    keeping/       frames kept by rule, in a folder or on S3
    pictures.py    frames for people, encoded once for all; preview/: the page that shows them
    model_file.py  the model's file, watched and replaced
    meter.py       what the loop counts; monitor.py, status.py: how it and its parts are doing
    service/       the systemd unit, and what systemd is told; service_options.py: what it may be given
    thermal.py     the processor's temperature, and what slows it down
    device.py      which device this is, since which boot
    stop.py        SIGINT and SIGTERM as a wish that the loop grants between two frames
    running.py     `run`, put together of all these; bench.py: what a frame costs here
    cli.py         `litescore edge`: run, bench and install, each parsed in a file of its own

It knows no TensorFlow and none of the other rooms; pixels become tensors in `litescore.image` only.
Importing it imports neither cv2, picamera2 nor paho.
"""
