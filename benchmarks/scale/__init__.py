"""How cost grows as work grows: measured here, and simulated for AWS beyond (docs/SCALE.md)."""
