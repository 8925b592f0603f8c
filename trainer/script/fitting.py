"""How the script's weights move: optimizer, loss, what is done to the images, which epoch is kept."""

from __future__ import annotations

from trainer.presets import Optimization, Recipe
from trainer.script import augmentation
from trainer.script.data import CLASSES

_AVERAGE = '''class Average(keras.callbacks.Callback):
    """Keeps a moving average of the weights; the best epoch's is what the model has in the end."""

    def on_train_begin(self, logs=None):
        self.average = [np.array(weight) for weight in self.model.weights]
        self.steps, self.lowest = 0, np.inf

    def on_train_batch_end(self, batch, logs=None):
        # At first it follows closely: the first weights are worth nothing.
        decay = min({decay:g}, (1 + self.steps) / (10 + self.steps))
        for average, weight in zip(self.average, self.model.weights, strict=True):
            average += (1 - decay) * (weight.numpy() - average)
        self.steps += 1

    def on_test_begin(self, logs=None):
        self.own = self.model.get_weights()
        self.model.set_weights(self.average)

    def on_epoch_end(self, epoch, logs=None):
        if logs["{watched}"] < self.lowest:
            self.lowest, self.best = logs["{watched}"], epoch
            self.kept = self.model.get_weights()
        self.model.set_weights(self.own){stop}

    def on_train_end(self, logs=None):
        self.model.set_weights(self.kept)'''

_STOP = """
        self.model.stop_training = epoch - self.best >= {patience}"""


def definitions(recipe: Recipe) -> list[str]:
    """The callback and the function on images that training needs."""
    found = [augmentation.function(recipe.augment)] if recipe.augment else []
    decay = recipe.optimization.average
    if decay:
        stop = _STOP.format(patience=recipe.patience) if recipe.patience else ""
        found.append(_AVERAGE.format(decay=decay, watched=_watched(recipe), stop=stop))
    return found


def building(recipe: Recipe) -> str:
    """The lines that make and compile the model."""
    chosen = recipe.optimization
    lines = ["model = build()", *_rate(recipe), f"optimizer = {_optimizer(chosen)}"]
    if chosen.decay:
        lines += [
            "# Weight decay is for what multiplies, not for biases and normalization.",
            "alone = [v for v in model.trainable_variables if len(v.shape) < 2]",
            "optimizer.exclude_from_weight_decay(var_list=alone)",
        ]
    lines += [f"loss = {_loss(recipe)}", 'model.compile(optimizer, loss, metrics=["accuracy"])']
    return "\n".join(lines)


def untrained(recipe: Recipe) -> str:
    """The lines that say how much an untrained model knows."""
    return "\n".join(
        [
            f"# By chance: -ln(1 / {CLASSES}), about 2.3.",
            f"untrained = model.evaluate(x_test, {_truth(recipe, 'y_test')}, verbose=0)",
            'print(f"untrained loss {untrained[0]:.3f}")',
        ]
    )


def training(recipe: Recipe) -> str:
    """The lines that train; with them the weights of the best epoch come back."""
    watched = f'"{_watched(recipe)}"'
    patience = "EPOCHS" if recipe.patience is None else str(recipe.patience)
    kept = f"""keras.callbacks.EarlyStopping(
    {watched}, mode="min", patience={patience}, restore_best_weights=True
)"""
    best = "Average()" if recipe.optimization.average else kept
    lines = ["# Of all epochs the one with the lowest validation loss is kept."]
    lines += [f"best = {best}", *_images(recipe), "model.fit("]
    lines += [f"    {word}," for word in _fit_words(recipe)]
    return "\n".join([*lines, ")"])


def judging(recipe: Recipe) -> str:
    """The lines that say how good the model is, on images learned and on new ones."""
    return "\n".join(
        [
            f"train = model.evaluate(x_train, {_truth(recipe, 'y_train')}, verbose=0)",
            f"test = model.evaluate(x_test, {_truth(recipe, 'y_test')}, verbose=0)",
            'print(f"training accuracy {100 * train[1]:.2f} %")',
            'print(f"test accuracy {100 * test[1]:.2f} %")',
        ]
    )


def _images(recipe: Recipe) -> list[str]:
    changed = ".map(lambda x, y: (augment(x), y))" if recipe.augment else ""
    return [
        f"pairs = (x_train[..., None], {_truth(recipe, 'y_train')})",
        "# In another order each epoch: of arrays fit() repeats one, once a seed is set.",
        "images = tf.data.Dataset.from_tensor_slices(pairs)",
        "images = images.shuffle(len(x_train), seed=SEED).batch(BATCH)",
        f"images = images{changed}.prefetch(2)",
    ]


def _fit_words(recipe: Recipe) -> list[str]:
    words = ["images", "epochs=EPOCHS"]
    if recipe.validation:
        words += [f"validation_data=(x_watch, {_truth(recipe, 'y_watch')})"]
    if recipe.optimization.balanced:
        words += ["class_weight=dict(enumerate(len(y_train) / len(LABELS) / np.bincount(y_train)))"]
    return [*words, "callbacks=[best]", "verbose=2"]


def _rate(recipe: Recipe) -> list[str]:
    chosen = recipe.optimization
    if chosen.schedule == "constant":
        return [f"rate = {chosen.rate:g}"]
    lines = ["steps = EPOCHS * -(-len(x_train) // BATCH)"]
    if not chosen.warmup:
        return [*lines, f"rate = keras.optimizers.schedules.CosineDecay({chosen.rate:g}, steps)"]
    return [
        *lines,
        f"warmup = round({chosen.warmup:g} * steps)",
        "# A straight line up to the highest rate, then half a cosine down to nothing.",
        "rate = keras.optimizers.schedules.CosineDecay(",
        f"    0.0, steps - warmup, warmup_target={chosen.rate:g}, warmup_steps=warmup",
        ")",
    ]


def _optimizer(chosen: Optimization) -> str:
    decay = f", weight_decay={chosen.decay:g}" if chosen.decay else ""
    if chosen.optimizer == "sgd":
        return f"keras.optimizers.SGD(rate, momentum=0.9, nesterov=True{decay})"
    if chosen.optimizer == "adamw":
        return f"keras.optimizers.AdamW(rate, weight_decay={chosen.decay:g})"
    return f"keras.optimizers.Adam(rate{decay})"


def _loss(recipe: Recipe) -> str:
    words = ["from_logits=True"] if recipe.architecture.logits else []
    if not recipe.optimization.smoothing:
        return f"keras.losses.SparseCategoricalCrossentropy({', '.join(words)})"
    words += [f"label_smoothing={recipe.optimization.smoothing:g}"]
    return f"keras.losses.CategoricalCrossentropy({', '.join(words)})"


def _watched(recipe: Recipe) -> str:
    """What tells the best epoch."""
    return "val_loss" if recipe.validation else "loss"


def _truth(recipe: Recipe, name: str) -> str:
    return f"one_hot({name})" if recipe.optimization.smoothing else name
