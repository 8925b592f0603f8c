"""The edge room: camera frames in, records out, on a device one can leave alone.

A source gives frames, the loop fits and scores each, a sink takes its record:

    frames/        what frames and sources are: cameras, clips, folders
    loop.py        frame -> tensor -> probabilities -> decision -> sinks, until the end or a stop
    decisions.py   one decision of frame after frame; emission.py: which are told
    scored.py      what the loop made of a frame; meter.py: what it counted
    sinks/         where what is told goes
    status.py      how a source or a sink is doing
    device.py      which device this is, since which boot
    stop.py        SIGINT and SIGTERM as a wish that the loop grants between two frames
    cli.py         `litescore edge`; run_command.py: its `run`

It knows no TensorFlow, no AWS and none of the other rooms; pixels become tensors in
`litescore.image` only. Importing it imports neither cv2 nor picamera2.
"""
