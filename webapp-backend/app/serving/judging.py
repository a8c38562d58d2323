"""From a file's bytes to the verdicts of some models: the work itself, on the thread that asks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.serving.models import ServedModel
from detection_model import images, verdict
from detection_model.card import InputSpec, NoCalibrator
from detection_model.images import Limits, Picture
from detection_model.verdict import Verdict


class ModelFailedError(Exception):
    """A model gives no number for this picture; the message names it."""


# A picture as an input wants it: float32 (height, width, 3).
Sized = Callable[[InputSpec], NDArray[np.float32]]


@dataclass(frozen=True)
class Question:
    """A model to ask, and from which probability on it calls Fake."""

    model: ServedModel
    threshold: float
    calibrate: bool = True


@dataclass(frozen=True)
class Judged:
    """A verdict, and the milliseconds from resizing to the model's answer."""

    verdict: Verdict
    infer_ms: float


@dataclass(frozen=True)
class Judgement:
    """All verdicts on one picture, in the order asked."""

    picture: Picture
    decode_ms: float
    answers: list[Judged]


def judge(
    data: bytes, questions: Sequence[Question], limits: Limits, *, alone: bool = False
) -> Judgement:
    """Decode a picture once and ask each model; `alone`: all cores are this call's to use.

    Raises:
        ImageError: it is no picture that is accepted.
        ModelFailedError: a model's answer is not finite.
    """
    start = time.perf_counter()
    picture = images.decode(data, limits)
    decode_ms = since(start)

    @cache
    def sized(spec: InputSpec) -> NDArray[np.float32]:
        return images.to_input(picture.pixels, spec)

    answers = []
    for question in questions:
        start = time.perf_counter()
        logit = fake_logit(question.model, sized, alone=alone)
        answers.append(Judged(_verdict(logit, question), since(start)))
    return Judgement(picture, decode_ms, answers)


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


def _verdict(logit: float, question: Question) -> Verdict:
    return verdict.judge(
        logit,
        calibrator=question.model.card.calibrator if question.calibrate else NoCalibrator(),
        threshold=question.threshold,
        assumptions=question.model.assumptions,
    )
