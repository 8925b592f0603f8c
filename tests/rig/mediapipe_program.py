"""Runs in MediaPipe's environment: paths of models and pictures in, what it answers out, as JSON.

Knows nothing of litescore; `tests.rig.mediapipe` starts it.
"""

import json
import os
import sys

# MediaPipe's libraries write to both: the answer goes where standard output was at first.
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import mediapipe  # noqa: E402 - only now may it write
from mediapipe.tasks.python import BaseOptions, vision  # noqa: E402


def main() -> None:
    asked = json.load(sys.stdin)
    images = [mediapipe.Image.create_from_file(path) for path in asked["pictures"]]
    json.dump([answer(path, images) for path in asked["models"]], out)
    out.close()


def answer(path, images):
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=path))
    try:
        classifier = vision.ImageClassifier.create_from_options(options)
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        return {"refused": str(error), "scores": []}
    try:
        return {"refused": None, "scores": [scores(classifier, image) for image in images]}
    finally:
        # Left to itself it raises while Python shuts down.
        classifier.close()


def scores(classifier, image):
    (found,) = classifier.classify(image).classifications
    return {str(one.category_name): one.score for one in found.categories}


main()
