"""An RTSP server of GStreamer's, for Debian's own Python: it has the bindings, our environment not.

    python3 rtsp_program.py PORT CODEC [USER PASSWORD]

CODEC is `jpeg` or `h264`. `/red`, `/blue` and `/green` are of one colour; `/clock` is black and white
blocks that say the monotonic milliseconds at which a picture was made (see `tests.rig.rtsp`).
"""

import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 the versions come first

WIDTH, HEIGHT, RATE, BITS = 320, 240, 30, 16
ENCODERS = {
    "jpeg": "jpegenc quality=90 ! rtpjpegpay name=pay0 pt=26",
    "h264": "openh264enc gop-size=15 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1",
}
COLORS = {"red": 0xFFFF0000, "green": 0xFF00FF00, "blue": 0xFF0000FF}
CAPS = f"width={WIDTH},height={HEIGHT},framerate={RATE}/1"


def colored(color: int, encoder: str) -> GstRtspServer.RTSPMediaFactory:
    pattern = f"videotestsrc is-live=true pattern=solid-color foreground-color={color}"
    return factory(f"{pattern} ! video/x-raw,{CAPS}", encoder)


def factory(source: str, encoder: str) -> GstRtspServer.RTSPMediaFactory:
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( {source} ! videoconvert ! video/x-raw,format=I420 ! {encoder} )")
    made.set_shared(True)
    return made


def clock(encoder: str) -> GstRtspServer.RTSPMediaFactory:
    source = f"appsrc name=clock is-live=true do-timestamp=true format=time caps=video/x-raw,format=GRAY8,{CAPS}"
    made = factory(source, encoder)
    made.connect("media-configure", lambda _, media: tick(media))
    return made


def tick(media: GstRtspServer.RTSPMedia) -> None:
    source = media.get_element().get_by_name_recurse_up("clock")

    def push() -> bool:
        flowed = source.emit("push-buffer", Gst.Buffer.new_wrapped(picture()))
        return flowed in (Gst.FlowReturn.OK, Gst.FlowReturn.FLUSHING)

    GLib.timeout_add(1000 // RATE, push)


def picture() -> bytes:
    """The lowest BITS bits of the time in milliseconds, highest first, as blocks from left to right."""
    now = int(time.monotonic() * 1000)
    block = WIDTH // BITS
    row = b"".join(bytes([255 * (now >> bit & 1)]) * block for bit in reversed(range(BITS)))
    return row * HEIGHT


def guard(server: GstRtspServer.RTSPServer, user: str, password: str) -> None:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)


def viewer() -> Gst.Structure:
    role = Gst.Structure.new_empty("viewer")
    for right in ("access", "construct"):
        role.set_value(f"media.factory.{right}", True)
    return role


def main(port: str, codec: str, *credentials: str) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if credentials:
        guard(server, *credentials)
    made = {name: colored(color, ENCODERS[codec]) for name, color in COLORS.items()}
    made["clock"] = clock(ENCODERS[codec])
    for name, one in made.items():
        if credentials:
            one.add_role_from_structure(viewer())
        server.get_mount_points().add_factory(f"/{name}", one)
    server.attach(None)
    GLib.MainLoop().run()


main(*sys.argv[1:])
