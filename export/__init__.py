"""A trained Keras model in, a .tflite file out that carries its contract and was proven.

Owns the converter. It reads what training left in its folder (`model.keras`, `contract.json`,
`run.json`) and never imports the trainer, a camera or AWS.
"""
