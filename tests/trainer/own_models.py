"""Models of one's own, right ones and wrong ones, in a module as a person would write it."""

SOURCE = """
import keras
from keras import layers

def _end(x, classes, activation):
    return layers.Dense(classes, activation=activation)(layers.Flatten()(x))

def _model(height, width, channels, classes, activation=None, *front):
    pixels = keras.Input((height, width, channels))
    x = layers.Rescaling(1 / 255)(pixels)
    for layer in front:
        x = layer(x)
    return keras.Model(pixels, _end(x, classes, activation))

def logits(height, width, channels, classes):
    return _model(height, width, channels, classes)

def softmax(**words):
    return _model(**words, activation="softmax")

def attached(height, width, channels, classes):
    model = _model(height, width, channels, classes)
    return keras.Sequential([model, layers.Softmax()])

def sequential(classes):
    return keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(classes)])

def bare(height, width, channels, classes):
    pixels = keras.Input((height, width, channels))
    return keras.Model(pixels, _end(pixels, classes, None))

def sigmoid(height, width, channels, classes):
    return _model(height, width, channels, classes, "sigmoid")

def unseen(height, width, channels, classes):
    model = _model(height, width, channels, classes)
    return keras.Model(model.inputs, model.outputs[0] * 2)

def flipped(height, width, channels, classes):
    return _model(height, width, channels, classes, None, layers.RandomFlip())

def nested(height, width, channels, classes):
    shaken = keras.Sequential([layers.RandomRotation(0.1)])
    return _model(height, width, channels, classes, None, shaken)

def coded(height, width, channels, classes):
    return _model(height, width, channels, classes, None, layers.Lambda(lambda x: x))

class Mine(layers.Layer):
    def call(self, x):
        return x

def custom(height, width, channels, classes):
    return _model(height, width, channels, classes, None, Mine())

class Subclass(keras.Model):
    def call(self, x):
        return x

def subclass():
    return Subclass()

def other_size(channels, classes):
    return _model(9, 9, channels, classes)

def other_classes(height, width, channels):
    return _model(height, width, channels, 7)

def whole_numbers(height, width, channels, classes):
    pixels = keras.Input((height, width, channels), dtype="uint8")
    return keras.Model(pixels, _end(layers.Rescaling(1 / 255)(pixels), classes, None))

def infinite(height, width, channels, classes):
    pixels = keras.Input((height, width, channels))
    return keras.Model(pixels, _end(1 / pixels, classes, None))

def nan(height, width, channels, classes):
    model = _model(height, width, channels, classes)
    model.layers[-1].set_weights([w * float("nan") for w in model.layers[-1].get_weights()])
    return model

def frozen(height, width, channels, classes):
    model = _model(height, width, channels, classes)
    model.trainable = False
    return model

def weightless(height, width, channels, classes):
    pixels = keras.Input((height, width, channels))
    x = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, layers.Softmax()(x))

def too_deep(classes):
    return keras.Sequential(
        [layers.Rescaling(1 / 255), layers.Conv2D(2, 99), layers.Flatten(), layers.Dense(classes)]
    )

def fixed(height, width, channels, classes):
    pixels = keras.Input((height, width, channels))
    x = layers.Dense(3)(layers.Flatten()(pixels))
    return keras.Model(pixels, layers.Dense(classes)(keras.ops.reshape(x, (-1, 5))))

def nothing():
    return "a model"

def needy(height, depth):
    pass

def quits():
    raise SystemExit("usage: mymodels")

signless = dict

def broken():
    raise ValueError("no such luck\\nand more")
"""
