"""The soak: many objects through the local cloud while everything goes wrong by chance, then the
account of every image. `python -m benchmarks.soak`.

A plan says beforehand, by a seed, what is put, overwritten, deleted and announced again; faults
strike by the same seed; the verdict holds what came out against what each image scores in one
process. Nothing here is told by the function itself.
"""
