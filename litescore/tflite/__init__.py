"""The .tflite file itself, read and extended without a runtime.

flatbuffer.py  tables and vectors at an offset
wholeness.py   refuses half a file before a runtime trips over it
operations.py  what it computes with, and in which versions (operations.txt: since when they exist)
opversions.py  the smallest runtime that they need
tensors.py     inputs and outputs
prefix.py      more metadata, put in front without a byte of the model changed
metadata.py    TFLite Metadata, as MediaPipe and Android read it

It knows no contract's meaning beyond what that metadata says of it, and no runtime.
"""
