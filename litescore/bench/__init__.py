"""What models cost on the machine at hand: latency, images a second, memory.

latency.py           `measure`: one model on one runtime, in a process of its own (timing.py)
plan.py              `rows`: files on every runtime, batch and number of threads asked for
litert_benchmark.py  the same figure from the command in LiteRT's wheel
measured.py          a bench as JSON, written here and read elsewhere; machine.py: where it was made

It knows tensors and not what they mean: no labels, no accuracy.
"""
