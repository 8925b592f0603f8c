"""Releases of a model: what was published, who signed it, and which one a channel hands out.

A shelf is a folder or S3 prefix named after the model:

    shoes/<sha256>/model.tflite     the file, written once and never again
    shoes/<sha256>/release.json     what it is, signed
    shoes/channels/stable.json      which release the channel hands out, and what came before, signed
"""
