"""The whole house in one run: each row of docs/BENCHMARKS.md measured against its limit or peer.

`python -m benchmarks.house` (`make bench`) measures piece by piece, each in a process of its own, by
the functions of the benchmarks beside this package. Figures go to results.json; the page and its
pictures are made of them and of published.toml. Nothing is measured here and nothing is held here:
the holds are those of `benchmarks.holds`.
"""
