"""The real parts that tests stand on: an S3 server, Lambda's emulator, a Debian root, a stub.

Knows nothing of what is tested. Each part listens on loopback only, lives in a temporary folder,
and dies with the process that started it.
"""
