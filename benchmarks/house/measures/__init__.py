"""What each piece does: the benchmarks' own functions, with the sizes that fit into one run."""
