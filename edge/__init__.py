"""The edge room: camera frames in, records out, on a device one can leave alone.

A source gives frames, the loop fits and scores each, a sink takes its record:

    sources.py    what a frame and a source are; image folders and video clips
    camera.py     a live camera: one capture thread that keeps only the latest frame
    capture.py    OpenCV's video capture, for clips and V4L2 devices; the only import of cv2
    picamera.py   Raspberry Pi cameras on the CSI port; the only import of picamera2
    opening.py    from the words of `--source` to a source
    device.py     which device this is, since which boot
    loop.py       frame -> tensor -> probabilities -> record, until the end or a stop
    stop.py       SIGINT and SIGTERM as a wish that the loop grants between two frames
    sinks.py      where records go
    thermal.py    how hot the processor is, and what the firmware does about it
    bench.py      what a frame costs here, stage by stage
    service/      the same as a systemd service: written, started, watched
    cli.py        `litescore edge`; its commands `install` and `bench` in files of their own

It knows no TensorFlow, no AWS and none of the other rooms; pixels become tensors in
`litescore.image` only. Importing it imports neither cv2 nor picamera2.
"""
