"""`make demo`: the whole way of an image, for real, on this machine, in one command.

    train -> export -> evaluate -> S3, queue and function in the local cloud -> edge loop -> report

Runs the other rooms as a user would (`python -m litescore ...`) and reads the files they leave.
Everything it makes is in one folder; nothing it starts outlives it.
"""
