"""Training: from a folder of labelled images to a Keras model and a report about it.

Owns TensorFlow for training. Must not know how a model is exported, where it will run, or any
other room: what leaves here is a folder RUN with `model.keras`, `contract.json`, `history.csv`,
`run.json`, `report.html` and `plots/`. Importing `trainer` loads nothing.
"""
