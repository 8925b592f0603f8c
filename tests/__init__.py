"""The tests, a folder a room, on the rig of real parts in `tests.rig`."""
