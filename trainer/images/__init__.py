"""Images to learn from: where they are found, how they are split, and their decoded pixels.

Knows nothing of models or of training.
"""
