"""From a file's bytes to the verdicts of some models: the work itself, on the thread that asks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.serving.models import ServedModel
from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.imaging import Limits, Picture
from detection_model.inference import verdict
from detection_model.inference.consistency import When
from detection_model.inference.image import Scene
from detection_model.inference.pipeline import Examination, Scorer, Terms, examine, face_margin


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
    stability: When = "never"

    @property
    def terms(self) -> Terms:
        """The same for the library."""
        return Terms(
            card=self.model.card,
            threshold=self.threshold,
            assumptions=self.model.assumptions,
            face_margin=face_margin(part.card for part in self.model.parts),
            calibrate=self.calibrate,
            whole=self.whole,
            stability=self.stability,
        )


@dataclass(frozen=True)
class Judged:
    """What a model says, and the milliseconds from resizing to its last answer."""

    found: Examination
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
    scene, faces_ms = Scene(picture.pixels), 0.0
    terms = [question.terms for question in questions]
    if any(one.looks_for_faces for one in terms):
        start = time.perf_counter()
        _ = scene.faces
        faces_ms = since(start)
    answers = []
    for question, one in zip(questions, terms, strict=True):
        start = time.perf_counter()
        found = examine(scene, one, _scorer(question.model, alone=alone))
        answers.append(Judged(found, since(start)))
    return Judgement(picture, decode_ms, faces_ms, answers)


def fake_logit(model: ServedModel, sized: Sized, *, alone: bool) -> float:
    """Log-odds of Fake of a model, or of an ensemble by its members.

    Raises:
        ModelFailedError: the model's answer is not finite.
    """
    if model.engine is None:
        logits = [fake_logit(member, sized, alone=alone) for member in model.members]
        return verdict.ensemble_logit(model.card, logits)
    (outputs,) = model.engine(sized(model.card.input)[None], alone=alone)
    if not np.isfinite(outputs).all():
        raise ModelFailedError(f"{model.name} gives no finite number for this picture.")
    return verdict.fake_logit([float(value) for value in outputs], model.card.output)


def since(start: float) -> float:
    """Milliseconds since a time of `perf_counter`."""
    return (time.perf_counter() - start) * 1000


def _scorer(model: ServedModel, *, alone: bool) -> Scorer:
    return lambda view: fake_logit(model, view.sized, alone=alone)
