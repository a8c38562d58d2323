"""Runs several models on one file, on the calling thread."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.inference.models import ServedModel
from app.inference.provenance import statement_of
from detection_model import imaging
from detection_model.card import Assumption, Card, InputSpec
from detection_model.imaging import Limits, Picture
from detection_model.inference.crops import Crop, ImageCrops
from detection_model.inference.pipeline import (
    ImageResult,
    PredictOptions,
    predict_crops,
    searches_faces,
)
from detection_model.inference.probability import ensemble_logit
from detection_model.inference.probability import fake_logit as to_fake_logit
from detection_model.provenance.record import Statement


class ModelFailedError(Exception):
    """A model's output for this picture is not finite; the message names the model."""


# A model and its options.
ModelRequest = tuple[ServedModel, PredictOptions]
# Gives a picture as a model input: float32 (height, width, 3).
Sized = Callable[[InputSpec], NDArray[np.float32]]


@dataclass(frozen=True)
class _RunningModel:
    """Adapts a served model to the library's pipeline."""

    served: ServedModel
    alone: bool

    @property
    def card(self) -> Card:
        return self.served.card

    @property
    def assumptions(self) -> list[Assumption]:
        return self.served.assumptions

    @property
    def face_margin(self) -> float | None:
        return self.served.face_margin

    @property
    def threshold(self) -> float:
        return self.served.threshold().value

    def log_odds(self, crop: Crop) -> float:
        return fake_logit(self.served, crop.model_input, alone=self.alone)


@dataclass(frozen=True)
class PictureResults:
    """The results of several models for one picture: `results[i]` is that of `models[i]`.

    Attributes:
        data: the file.
        picture: decoded and upright.
        provenance: what the file says of its origin.
        models: in the order of the request.
        results: one for each model.
        infer_ms: milliseconds of each model, from resizing to its last output.
        decode_ms, faces_ms, queue_ms: milliseconds of decoding, of the face search, and of
            waiting for a thread.
    """

    data: bytes
    picture: Picture
    provenance: Statement
    models: list[ServedModel]
    results: list[ImageResult]
    infer_ms: list[float]
    decode_ms: float
    faces_ms: float
    queue_ms: float = 0.0

    @property
    def face_count(self) -> int | None:
        """Number of detected faces; None if no model needed them."""
        counts = (result.face_count for result in self.results)
        return next((count for count in counts if count is not None), None)


def predict(
    data: bytes,
    requests: Sequence[ModelRequest],
    limits: Limits,
    *,
    trust_list: Path | None = None,
    alone: bool = False,
) -> PictureResults:
    """Decode a picture once, find its faces once, and run each model.

    Args:
        data: the file.
        requests: models, each with its options.
        limits: on the file and the picture.
        trust_list: PEM file with certificates of signers of content credentials.
        alone: whether this call may use all cores.

    Raises:
        ImageError: the file is not an accepted picture.
        ModelFailedError: a model's output is not finite.
    """
    start = time.perf_counter()
    picture = imaging.decode(data, limits)
    provenance = statement_of(data, trust_list)
    decode_ms = since(start)
    crops, faces_ms = ImageCrops(picture.pixels, picture.notes), 0.0
    if any(searches_faces(model.face_margin, options) for model, options in requests):
        start = time.perf_counter()
        _ = crops.faces
        faces_ms = since(start)
    results, infer_ms = [], []
    for model, options in requests:
        start = time.perf_counter()
        results.append(predict_crops(_RunningModel(model, alone), crops, options))
        infer_ms.append(since(start))
    models = [model for model, _ in requests]
    return PictureResults(data, picture, provenance, models, results, infer_ms, decode_ms, faces_ms)


def fake_logit(model: ServedModel, sized: Sized, *, alone: bool) -> float:
    """Return the log-odds of Fake of a model, or of an ensemble from its members.

    Raises:
        ModelFailedError: the model's output is not finite.
    """
    if model.engine is None:
        logits = [fake_logit(member, sized, alone=alone) for member in model.members]
        return ensemble_logit(model.card, logits)
    (outputs,) = model.engine(sized(model.card.input)[None], alone=alone)
    if not np.isfinite(outputs).all():
        raise ModelFailedError(f"{model.name} gives no finite number for this picture.")
    return to_fake_logit([float(value) for value in outputs], model.card.output)


def since(start: float) -> float:
    """Milliseconds since a time of `perf_counter`."""
    return (time.perf_counter() - start) * 1000
