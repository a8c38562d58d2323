"""Several models that answer as one, as a card of kind `ensemble` says.

The card stands as `<name>.json` in the folder of its members and has no model file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection_model import images, verdict
from detection_model.card import MODEL_SUFFIXES, Card, CardError, Member, file_sha256, read_card
from detection_model.detector import Detector
from detection_model.eval_config import read_eval_config


@dataclass(frozen=True)
class Ensemble:
    """Judges pictures with all of its members; `path` is that of the card."""

    path: Path
    card: Card
    members: list[Detector]

    @classmethod
    def load(cls, path: Path) -> "Ensemble":
        """Load the members that a card names, from the card's folder.

        Raises:
            CardError: no card of an ensemble, or a member is missing or another file.
            ModelError: a member is no model that takes one picture.
        """
        card = read_card(path)
        return cls(path, card, [Detector.load(file) for file in member_files(path, card)])

    @property
    def threshold(self) -> float:
        """The ensemble's own: of eval_config.json, else of the card."""
        configured = read_eval_config(self.path).threshold
        return self.card.threshold.value if configured is None else configured

    @property
    def assumptions(self) -> list[str]:
        """Those of the members."""
        return [
            f"{member.card.name}: {text}" for member in self.members for text in member.assumptions
        ]

    def judge(self, data: bytes, threshold: float | None = None) -> verdict.Verdict:
        """Verdict on one picture file.

        Raises:
            ImageError: the file is no picture that is accepted.
        """
        pixels = images.decode(data).pixels
        return verdict.judge(
            verdict.ensemble_logit(self.card, list(self._logits(pixels))),
            calibrator=self.card.calibrator,
            threshold=self.threshold if threshold is None else threshold,
            assumptions=self.assumptions,
        )

    def _logits(self, pixels: NDArray[np.uint8]) -> Iterator[float]:
        for member in self.members:
            resized = images.resize(pixels, member.card.input)
            yield next(member.fake_logits(resized[None]))


def member_files(path: Path, card: Card) -> list[Path]:
    """The model files that an ensemble's card names, in its order. Needs no TensorFlow.

    Raises:
        CardError: the card is of no ensemble, or a member is missing or another file.
    """
    if card.kind != "ensemble":
        raise CardError(f"{path.name} is the card of a model, not of an ensemble")
    return [_file_of(member, path) for member in card.members]


def _file_of(member: Member, path: Path) -> Path:
    files = [path.with_name(f"{member.name}{suffix}") for suffix in MODEL_SUFFIXES]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise CardError(f"ensemble {path.name}: its member {member.name} is not there")
    if file_sha256(file) != member.sha256:
        raise CardError(
            f"ensemble {path.name}: its member {member.name} is another file than the one it was "
            "made of (sha256); make it anew: detection-model ensemble --help"
        )
    return file
