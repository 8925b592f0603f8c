"""The pages are held to what they say: each command and each Python example in them runs."""
