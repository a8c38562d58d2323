"""Noise of two grey levels; where it is Fake, a patch of it is ordered into a checkerboard.

Patch and noise have the same levels and the same mean: only a network that learned the order can
tell them apart. Pictures and patches are no squares, so that turned axes show.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection_model.card import InputSpec, ModelFacts, OutputSpec
from detection_model.explain.log_odds import LogOdds
from detection_model.inference.detector import LoadedModel

HEIGHT, WIDTH = 40, 56
TALL, WIDE = 10, 14
AREA = TALL * WIDE / (HEIGHT * WIDTH)
SPEC = InputSpec(height=HEIGHT, width=WIDTH)


class Planted(NamedTuple):
    pixels: NDArray[np.uint8]
    patch: tuple[slice, slice]


def planted(seed: int, *, fake: bool = True) -> Planted:
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], (HEIGHT, WIDTH))
    top, left = rng.integers(0, HEIGHT - TALL + 1), rng.integers(0, WIDTH - WIDE + 1)
    patch = np.s_[top : top + TALL, left : left + WIDE]
    if fake:
        signs[patch] = 1 - 2 * (np.indices((TALL, WIDE)).sum(axis=0) % 2)
    shade = 128 + rng.normal(0, 10, 3)
    return Planted((shade + 45 * signs[..., None]).astype(np.uint8), patch)


def network() -> Any:
    """Small, with chance weights; ends like the backbones."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((HEIGHT, WIDTH, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(8, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )


def trained() -> Any:
    """The network after it learned the patch, in seconds."""
    import keras

    class Learned(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, _epoch: int, logs: dict[str, float]) -> None:
            self.model.stop_training = logs["loss"] < 0.1

    keras.utils.set_random_seed(0)
    pixels = np.stack([planted(seed, fake=seed % 2 == 1).pixels for seed in range(256)])
    model = network()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    targets = np.arange(256, dtype=np.float32) % 2
    given = pixels.astype(np.float32)
    model.fit(given, targets, batch_size=8, epochs=20, verbose=0, callbacks=[Learned()])
    return model


def log_odds(logits: Any, output: OutputSpec | None = None) -> LogOdds:
    height, width = logits.input_shape[1:3]
    units = logits.output_shape[1]
    facts = ModelFacts(
        height=height, width=width, units=units, activation="linear", rescales=True, parameters=1
    )
    return LogOdds(LoadedModel(logits, facts), output or OutputSpec())
