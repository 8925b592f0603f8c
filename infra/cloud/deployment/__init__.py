"""A stack made, changed and removed: the plan that is shown, and its carrying out."""
