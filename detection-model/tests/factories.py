"""Factories for tests: images, data sets, faces, networks, and commands in their own process.

Images are generated from seeds; none shows a person.
"""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from detection_model.card import InputSpec, ModelFacts, OutputSpec
from detection_model.explain.log_odds import LogOdds
from detection_model.faces import Face
from detection_model.inference.detector import LoadedModel

Change = Callable[[Image.Image], Image.Image]
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def portrait(seed: int, side: int = 96) -> Image.Image:
    rng = np.random.default_rng(seed)
    pixels = np.full((side, side, 3), 120.0)
    for cells, strength in ((5, 1.0), (11, 0.6), (23, 0.35), (47, 0.2)):
        shapes = Image.fromarray(rng.integers(0, 256, (cells, cells, 3)).astype(np.uint8))
        smooth = shapes.resize((side, side), Image.Resampling.BICUBIC)
        pixels += strength * (np.asarray(smooth) - 127.5) / 2
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def jpeg_copy(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def write_dataset(
    root: Path,
    per_class: int = 20,
    *,
    real: Change = lambda image: image,
    fake: Change = lambda image: image,
    suffixes: tuple[str, str] = ("png", "png"),
    **options: Any,
) -> Path:
    """`root/{Train,Test}/{Real,Fake}`, `per_class` in Train and a fifth in Test. Both
    classes hold pictures of the same kind, changed by `real` and `fake`."""
    seed = 0
    for split, count in (("Train", per_class), ("Test", per_class // 5)):
        for label, change, suffix in (("Real", real, suffixes[0]), ("Fake", fake, suffixes[1])):
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                seed += 1
                change(portrait(seed)).save(folder / f"{number:03}.{suffix}", **options)
    return root


def grainy(seed: int, side: int = 192, deviation: float = 6) -> Image.Image:
    """A soft picture with grain, as cameras make it."""
    soft = np.asarray(portrait(seed, side), np.float32)
    grain = np.random.default_rng(seed).normal(0, deviation, soft.shape)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


def file_bytes(image: Image.Image, format_: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


_SKINS = ((255, 219, 172), (241, 194, 125), (141, 85, 36), (255, 204, 0))
_INK = (20, 20, 20)


def cartoon(seed: int, side: int = 256) -> NDArray[np.uint8]:
    """Uint8 RGB (side, side, 3): head, hair, eyes, nose and mouth on one colour."""
    rng = np.random.default_rng(seed)

    def colour(low: int = 0, high: int = 255) -> tuple[int, ...]:
        return tuple(int(value) for value in rng.integers(low, high, 3))

    size = 2 * side  # at twice the size, then scaled down for smooth edges
    image = Image.new("RGB", (size, size), colour())
    draw = ImageDraw.Draw(image)
    middle, wide = size / 2, size * rng.uniform(0.24, 0.34)
    high, line = wide * rng.uniform(1.1, 1.4), max(2, size // 150)
    skin, hair = _SKINS[seed % len(_SKINS)], colour(0, 120)

    def ellipse(
        x: float, y: float, w: float, h: float, fill: object, outline: object = _INK
    ) -> None:
        box = (middle + x - w, middle + y - h, middle + x + w, middle + y + h)
        draw.ellipse(box, fill=fill, outline=outline, width=line)  # type: ignore[arg-type]

    ellipse(0, -high * 0.25, wide * 1.2, high, hair)
    ellipse(0, high * 2.1, wide * 1.8, high * 0.9, colour())
    ellipse(0, 0, wide, high, skin)
    for sign in (-1, 1):
        x, y, w = sign * wide * 0.42, -high * 0.1, wide * 0.22
        ellipse(x, y, w, w * 0.8, "white")
        ellipse(x, y, w * 0.5, w * 0.5, colour(0, 120))
        ellipse(x, y - w * 1.5, w, w * 0.15, hair, hair)
    ellipse(0, high * 0.2, wide * 0.1, wide * 0.06, _INK)
    ellipse(0, high * 0.5, wide * 0.35, wide * 0.08, (160, 40, 40))
    draw.pieslice(
        (middle - wide * 1.1, middle - high * 1.15, middle + wide * 1.1, middle),
        180,
        360,
        fill=hair,
    )
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


SIDE = 120
POINTS = np.asarray([[42, 50], [78, 50], [60, 66], [60, 82], [25, 56], [95, 56]], np.float32)
FACE = Face(28, 28, 92, 92, 0.9, POINTS)


def noisy_pixels(colour: int, seed: int = 0) -> NDArray[np.uint8]:
    """A noisy grey picture, so that anything pasted into it shows."""
    noise = np.random.default_rng(seed).normal(colour, 8, (SIDE, SIDE, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


HEIGHT, WIDTH = 40, 56
TALL, WIDE = 10, 14
AREA = TALL * WIDE / (HEIGHT * WIDTH)
SPEC = InputSpec(height=HEIGHT, width=WIDTH)


class PatchImage(NamedTuple):
    pixels: NDArray[np.uint8]
    patch: tuple[slice, slice]


def patch_image(seed: int, *, fake: bool = True) -> PatchImage:
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], (HEIGHT, WIDTH))
    top, left = rng.integers(0, HEIGHT - TALL + 1), rng.integers(0, WIDTH - WIDE + 1)
    patch = np.s_[top : top + TALL, left : left + WIDE]
    if fake:
        signs[patch] = 1 - 2 * (np.indices((TALL, WIDE)).sum(axis=0) % 2)
    shade = 128 + rng.normal(0, 10, 3)
    return PatchImage((shade + 45 * signs[..., None]).astype(np.uint8), patch)


def patch_network() -> Any:
    """A small network with random weights, pooled like the backbones."""
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


def trained_network() -> Any:
    """The network, trained for seconds until it detects the patch."""
    import keras

    class StopWhenLearned(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, _epoch: int, logs: dict[str, float]) -> None:
            self.model.stop_training = logs["loss"] < 0.1

    keras.utils.set_random_seed(0)
    pixels = np.stack([patch_image(seed, fake=seed % 2 == 1).pixels for seed in range(256)])
    model = patch_network()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    targets = np.arange(256, dtype=np.float32) % 2
    inputs = pixels.astype(np.float32)
    model.fit(inputs, targets, batch_size=8, epochs=20, verbose=0, callbacks=[StopWhenLearned()])
    return model


def model_log_odds(logits: Any, output: OutputSpec | None = None) -> LogOdds:
    height, width = logits.input_shape[1:3]
    units = logits.output_shape[1]
    facts = ModelFacts(
        height=height, width=width, units=units, activation="linear", rescales=True, parameters=1
    )
    return LogOdds(LoadedModel(logits, facts), output or OutputSpec())


_RAISE_SIGNAL = """
import signal
from detection_model.training.callbacks import RunCheckpoint

def raise_signal(checkpoint, batch, logs=None):
    if checkpoint.progress.epochs == 1 and batch == 2:
        signal.raise_signal({number})

signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
RunCheckpoint.on_train_batch_begin = raise_signal
"""


def run_process(arguments: list[str], first: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command line in its own process, after some code."""
    code = f"{first}\nfrom detection_model.cli import app\napp()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def train_with_signal(number: int, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    """Train in a process that raises this signal in the second epoch, between two batches."""
    return run_process(arguments, _RAISE_SIGNAL.format(number=int(number)))
