"""From a file's bytes to the verdicts of some models: the work itself, on the thread that asks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.serving.registry import ServedModel
from detection_model import images, verdict
from detection_model.card import InputSpec, NoCalibrator
from detection_model.images import Limits, Picture
from detection_model.verdict import Verdict


class ModelFailedError(Exception):
    """A model gives no number for this picture; the message names it."""


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
    sizes: dict[InputSpec, NDArray[np.float32]] = {}
    answers = []
    for question in questions:
        start = time.perf_counter()
        spec = question.model.card.input
        if spec not in sizes:
            sizes[spec] = images.to_input(picture.pixels, spec)
        outputs = question.model.engine(sizes[spec][None], alone=alone)
        answers.append(Judged(_verdict(outputs[0], question), since(start)))
    return Judgement(picture, decode_ms, answers)


def since(start: float) -> float:
    """Milliseconds since a time of `perf_counter`."""
    return (time.perf_counter() - start) * 1000


def _verdict(outputs: NDArray[np.float32], question: Question) -> Verdict:
    card = question.model.card
    if not np.isfinite(outputs).all():
        raise ModelFailedError(f"{question.model.name} gives no finite number for this picture.")
    return verdict.judge(
        verdict.fake_logit([float(value) for value in outputs], card.output),
        calibrator=card.calibrator if question.calibrate else NoCalibrator(),
        threshold=question.threshold,
        assumptions=question.model.assumptions,
    )
