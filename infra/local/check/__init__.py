"""The self-test of a local cloud."""
