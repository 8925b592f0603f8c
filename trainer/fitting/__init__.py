"""Moving the weights of a Keras model: batches, augmentation, schedules, checkpoints.

Knows nothing of files of images, presets or reports.
"""
