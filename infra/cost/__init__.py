"""What scoring costs: counts of priced things, times a dated table of prices. Asks nobody."""
