"""From a file's bytes to the verdicts of some models: the work itself, on the thread that asks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.serving.models import ServedModel
from detection_model import imaging
from detection_model.card import Card, InputSpec
from detection_model.imaging import Limits, Picture
from detection_model.inference.consistency import ConsistencyMode
from detection_model.inference.crops import Crop, ImageCrops
from detection_model.inference.pipeline import (
    ImageResult,
    PredictOptions,
    predict_crops,
    searches_faces,
)
from detection_model.inference.probability import ensemble_logit
from detection_model.inference.probability import fake_logit as to_fake_logit


class ModelFailedError(Exception):
    """A model gives no number for this picture; the message names it."""


# A picture as an input wants it: float32 (height, width, 3).
Sized = Callable[[InputSpec], NDArray[np.float32]]


@dataclass(frozen=True)
class Question:
    """A model to ask, and how: `whole` pictures instead of faces, `stability` when to try it."""

    model: ServedModel
    threshold: float
    calibrate: bool = True
    whole: bool = False
    stability: ConsistencyMode = "never"

    @property
    def options(self) -> PredictOptions:
        """The same for the library."""
        return PredictOptions(self.threshold, self.calibrate, self.whole, self.stability)


@dataclass(frozen=True)
class _RunningModel:
    """A served model as the library's pipeline uses it."""

    served: ServedModel
    alone: bool

    @property
    def card(self) -> Card:
        return self.served.card

    @property
    def assumptions(self) -> list[str]:
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
class Judged:
    """What a model says, and the milliseconds from resizing to its last answer."""

    found: ImageResult
    infer_ms: float


@dataclass(frozen=True)
class Judgement:
    """All that was said of one picture, in the order asked; `faces_ms` is of looking for them."""

    picture: Picture
    decode_ms: float
    faces_ms: float
    answers: list[Judged]


def judge(
    data: bytes, questions: Sequence[Question], limits: Limits, *, alone: bool = False
) -> Judgement:
    """Decode a picture once, look for faces once, and ask each model.

    `alone`: all cores are this call's to use.

    Raises:
        ImageError: it is no picture that is accepted.
        ModelFailedError: a model's answer is not finite.
    """
    start = time.perf_counter()
    picture = imaging.decode(data, limits)
    decode_ms = since(start)
    crops, faces_ms = ImageCrops(picture.pixels), 0.0
    if any(searches_faces(one.model.face_margin, one.options) for one in questions):
        start = time.perf_counter()
        _ = crops.faces
        faces_ms = since(start)
    answers = []
    for question in questions:
        start = time.perf_counter()
        result = predict_crops(_RunningModel(question.model, alone), crops, question.options)
        answers.append(Judged(result, since(start)))
    return Judgement(picture, decode_ms, faces_ms, answers)


def fake_logit(model: ServedModel, sized: Sized, *, alone: bool) -> float:
    """Log-odds of Fake of a model, or of an ensemble by its members.

    Raises:
        ModelFailedError: the model's answer is not finite.
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
