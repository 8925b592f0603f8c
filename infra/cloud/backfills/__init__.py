"""What is in a bucket already, through the state machine: its input, its runs, what they cost."""
