"""The function's zip, or the context of its container: from a model file and pinned wheels.

Knows wheels, Pythons and machines; not AWS's control plane, and not what runs the zip.
"""
