"""Labelled images of every source, without TensorFlow: every command means the same by "test".

    root/<class>/*, root/{train,val,test}/<class>/*     in a folder, a zip, a tar, under s3://
    manifest.csv, manifest.jsonl                        path, label and, if known, split
    *-images-idx3-ubyte, *-labels-idx1-ubyte, .npz      arrays

What has a test part of its own keeps it; of the rest a fifth of each class is held out, always the
same fifth, whatever the source. Stored pictures are listed, never held: each is read when it is
needed. It knows numpy and Pillow only, and nothing of training.
"""

from litescore.dataset.labelled import Dataset, Labels, drawn, split_off
from litescore.dataset.picture import Picture
from litescore.dataset.source import HELD_OUT, SPLITS, Source, load, name_of, source

__all__ = [
    "HELD_OUT",
    "SPLITS",
    "Dataset",
    "Labels",
    "Picture",
    "Source",
    "drawn",
    "load",
    "name_of",
    "source",
    "split_off",
]
