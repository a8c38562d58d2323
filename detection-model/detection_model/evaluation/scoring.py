"""Log-odds of Fake for examples of a data set, from one model or from an ensemble."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection_model.data.decoding import BadPicture, Progress, load_pictures
from detection_model.data.folders import DataError, DataFolder, Example, find_data
from detection_model.evaluation.perturbations import ORIGINAL, deliver
from detection_model.faces import face_or_whole
from detection_model.inference.detector import Detector
from detection_model.inference.ensemble import Ensemble
from detection_model.inference.verdict import ensemble_logit

Judge = Detector | Ensemble


@dataclass(frozen=True)
class Scored:
    """`hashes[i]` and `logits[i]` belong to `examples[i]`; `bad` could not be read."""

    examples: list[Example]
    hashes: list[str]
    logits: list[float]
    bad: list[BadPicture]


def score(
    detector: Judge,
    examples: Sequence[Example],
    delivery: str = ORIGINAL,
    *,
    decoding: Progress = lambda _done, _total: None,
    judging: Progress = lambda _done, _total: None,
) -> Scored:
    """Judge every example as it arrives by a delivery.

    Raises:
        DataError: not one picture could be read.
    """
    if isinstance(detector, Ensemble):
        by_member = [
            score(member, examples, delivery, decoding=decoding, judging=judging)
            for member in detector.members
        ]
        each = zip(*(scored.logits for scored in by_member), strict=True)
        logits = [ensemble_logit(detector.card, members) for members in each]
        return Scored(by_member[0].examples, by_member[0].hashes, logits, by_member[0].bad)
    spec = detector.card.input

    def change(pixels: NDArray[np.uint8], sha256: str) -> NDArray[np.uint8]:
        # As in serving: the face is looked for in what arrives.
        return face_or_whole(deliver(delivery, pixels, sha256), spec.face_margin)

    pictures = load_pictures(examples, spec, change=change, progress=decoding)
    logits = []
    for logit in detector.fake_logits(pictures.pixels):
        logits.append(logit)
        judging(len(logits), len(pictures.examples))
    return Scored(pictures.examples, pictures.hashes, logits, pictures.bad)


def data_for(judges: Sequence[Judge], data: Path) -> DataFolder:
    """A data set, split as it was for training: else training pictures would be judged.

    Raises:
        DataError: it is unusable, or the models drew different splits of it.
    """
    models = [
        model
        for judge in judges
        for model in (judge.members if isinstance(judge, Ensemble) else [judge])
    ]
    seeds = {model.card.training.seed for model in models if model.card.training}
    found = find_data(data, seed=min(seeds, default=0))
    if found.drawn_with is not None and len(seeds) > 1:
        raise DataError(
            f"{data}: the models were trained with different seeds, so what one has not seen "
            "another was trained on; lay the pictures out in Train, Validation and Test folders"
        )
    return found
