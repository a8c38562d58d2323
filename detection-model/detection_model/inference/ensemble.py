"""Several models that answer as one, as a card of kind `ensemble` says.

The card stands as `<name>.json` in the folder of its members and has no model file.
"""

from dataclasses import dataclass
from pathlib import Path

from detection_model import imaging
from detection_model.card import MODEL_SUFFIXES, Card, CardError, Member, file_sha256, read_card
from detection_model.card.eval_config import read_eval_config
from detection_model.inference import verdict
from detection_model.inference.consistency import When
from detection_model.inference.detector import Detector
from detection_model.inference.image import Scene, View
from detection_model.inference.pipeline import Terms, examine, face_margin


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
    def face_margin(self) -> float | None:
        """The first of the members' margins; None where all judge whole pictures."""
        return face_margin(member.card for member in self.members)

    @property
    def assumptions(self) -> list[str]:
        """Those of the members."""
        return [
            f"{member.card.name}: {text}" for member in self.members for text in member.assumptions
        ]

    def log_odds(self, view: View) -> float:
        """Log-odds of Fake of a cut-out or a whole picture, as each member wants it."""
        each = [member.log_odds(view) for member in self.members]
        return verdict.ensemble_logit(self.card, each)

    def judge(
        self, data: bytes, threshold: float | None = None, *, stability: When = "auto"
    ) -> verdict.Verdict:
        """Verdict on one picture file: of its most suspicious face, where a member is for faces.

        Raises:
            ImageError: the file is no picture that is accepted.
        """
        terms = Terms(
            card=self.card,
            threshold=self.threshold if threshold is None else threshold,
            assumptions=self.assumptions,
            face_margin=self.face_margin,
            stability=stability,
        )
        return examine(Scene(imaging.decode(data).pixels), terms, self.log_odds).verdict


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
