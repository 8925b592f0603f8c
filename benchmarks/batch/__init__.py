"""Batch scoring from S3: what its rows in docs/BENCHMARKS.md are measured by."""
