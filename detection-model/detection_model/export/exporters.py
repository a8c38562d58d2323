"""Exports a model to other formats, and compares each with Keras.

Exported models keep their last activation: the card describes their outputs.
"""

import contextlib
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from detection_model.card import Card, ClassName, InputSpec, OutputSpec
from detection_model.data.folders import all_examples, find_data
from detection_model.data.preprocessing import load_pictures
from detection_model.data.write import synthetic_picture
from detection_model.imaging import resize, scale
from detection_model.inference.detector import ModelError, load_model, load_original
from detection_model.inference.runtime import LiteRT

FormatName = Literal["litert", "litert-float16", "litert-int8", "onnx", "saved-model"]
_PICTURES = 100
FORMATS: tuple[FormatName, ...] = get_args(FormatName)
Pixels = NDArray[np.float32]
Call = Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Report:
    """An exported model compared with its Keras model.

    Differences are between probabilities of Fake on `pictures` images; `changed` counts images
    that the two classify differently at the threshold.
    """

    format: FormatName
    path: Path
    megabytes: float
    pictures: int
    largest_difference: float
    mean_difference: float
    changed: int


def write(
    path: Path,
    card: Card,
    format_: FormatName,
    target: Path,
    pictures: Pixels,
    *,
    threshold: float,
) -> Report:
    """Export a model and compare it with Keras.

    Args:
        path: the Keras file.
        card: of the model.
        format_: to write.
        target: file or folder without its suffix.
        pictures: float32 (n, height, width, 3), scaled as the card says, for the comparison
            and the calibration of litert-int8.
        threshold: on the probability of Fake.

    Raises:
        ModelError: the model does not convert, or a package for this format is missing.
    """
    model = load_original(path)
    file = target.with_name(f"{target.name}{_SUFFIXES[format_]}")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            call = WRITERS[format_](model, file, pictures)
    except ImportError as error:
        raise ModelError(
            f"{format_} needs the package {error.name}: install detection-model[onnx]"
        ) from None
    except Exception as error:  # noqa: BLE001  converters raise nearly anything
        raise ModelError(f"the model does not convert to {format_}: {_first_line(error)}") from None
    linear = load_model(path).facts.activation == "linear"
    expected = fake(np.asarray(model.predict(pictures, verbose=0)), card.output, linear=linear)
    outputs = np.concatenate([call(picture[None]) for picture in pictures])
    exported = fake(outputs, card.output, linear=linear)
    difference = np.abs(exported - expected)
    flips = (exported >= threshold) != (expected >= threshold)
    return Report(
        format=format_,
        path=file,
        megabytes=_bytes(file) / 1e6,
        pictures=len(pictures),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        changed=int(flips.sum()),
    )


def comparison_pictures(spec: InputSpec, data: Path | None) -> Pixels:
    """Model inputs from up to 100 images of a data set, or from 8 generated ones without one.

    Raises:
        DataError: the data set is unusable.
    """
    if data is None:
        labels: list[ClassName] = ["Real", "Fake"] * 4
        pixels = np.stack(
            [resize(synthetic_picture(label, seed), spec) for seed, label in enumerate(labels)]
        )
    else:
        examples = all_examples(find_data(data))
        sample = random.Random(0).sample(examples, min(_PICTURES, len(examples)))  # noqa: S311
        pixels = load_pictures(sorted(sample), spec).pixels
    return scale(pixels, spec)


def fake(outputs: Pixels, output: OutputSpec, *, linear: bool) -> NDArray[np.float64]:
    """Probability of Fake (n,) from outputs (n, units), which are logits if `linear`."""
    values = outputs.astype(np.float64)
    if output.activation == "sigmoid":
        second = 1 / (1 + np.exp(-values[:, 0])) if linear else values[:, 0]
        return second if output.classes[1] == "Fake" else 1 - second
    if linear:
        values = np.exp(values - values.max(axis=1, keepdims=True))
        values /= values.sum(axis=1, keepdims=True)
    is_fake = np.asarray([name == "Fake" for name in output.classes])
    total: NDArray[np.float64] = values[:, is_fake].sum(axis=1)
    return total


def _litert(model: Any, path: Path, _pictures: Pixels) -> Call:
    model.export(path, format="litert", verbose=False)
    return LiteRT(path.read_bytes())


def _litert_float16(model: Any, path: Path, _pictures: Pixels) -> Call:
    """Weights as float16: half the size; computed in float32."""
    import tensorflow as tf

    options = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    types = {"supported_types": [tf.float16]}
    model.export(path, format="litert", verbose=False, target_spec=types, **options)
    return LiteRT(path.read_bytes())


def _litert_int8(model: Any, path: Path, pictures: Pixels) -> Call:
    """Weights and activations as int8, inputs and outputs as float32 (Jacob et al., CVPR 2018)."""
    import tensorflow as tf

    def samples() -> Iterator[list[Pixels]]:
        for picture in pictures:
            yield [picture[None]]

    model.export(
        path,
        format="litert",
        verbose=False,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=samples,
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    )
    return LiteRT(path.read_bytes())


def _onnx(model: Any, path: Path, pictures: Pixels) -> Call:
    import onnxruntime

    model(pictures[:1])  # Keras exports only models that were called
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda batch: np.asarray(session.run(None, {name: batch})[0])


def _saved_model(model: Any, path: Path, _pictures: Pixels) -> Call:
    import tensorflow as tf

    model.export(path, format="tf_saved_model", verbose=False)
    loaded: Any = tf.saved_model.load(str(path))  # keeps the variables that `serve` needs alive
    return lambda batch: np.asarray(loaded.serve(batch))


WRITERS: dict[FormatName, Callable[[Any, Path, Pixels], Call]] = {
    "litert": _litert,
    "litert-float16": _litert_float16,
    "litert-int8": _litert_int8,
    "onnx": _onnx,
    "saved-model": _saved_model,
}
_SUFFIXES: dict[FormatName, str] = {
    "litert": ".tflite",
    "litert-float16": ".float16.tflite",
    "litert-int8": ".int8.tflite",
    "onnx": ".onnx",
    "saved-model": "",
}


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
