"""Keras models: raw pixels 0..255 in, one number a class out, nothing of augmentation inside.

Knows neither data nor training.
"""
