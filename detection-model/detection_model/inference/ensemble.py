"""Several models combined into one, as described by a card of kind `ensemble`.

The card is `<name>.json` in the folder of its members; it has no model file.
"""

from dataclasses import dataclass
from pathlib import Path

from detection_model.card import Card, CardError, Member, file_sha256, model_files, read_card
from detection_model.inference.crops import Crop
from detection_model.inference.detector import Detector
from detection_model.inference.pipeline import common_face_margin
from detection_model.inference.probability import ensemble_logit
from detection_model.inference.threshold import published_threshold


@dataclass(frozen=True)
class Ensemble:
    """A card and its members; `path` is the card's."""

    path: Path
    card: Card
    members: list[Detector]

    @classmethod
    def load(cls, path: Path) -> "Ensemble":
        """Load the members of a card, from the card's folder.

        Raises:
            CardError: not an ensemble's card, or a member is missing or a different file.
            ModelError: a member is not a model that takes one image.
        """
        card = read_card(path)
        return cls(path, card, [Detector.load(file) for file in member_files(path, card)])

    @property
    def threshold(self) -> float:
        """The ensemble's own threshold: from eval_config.json, else from the card."""
        return published_threshold(self.path, self.card)

    @property
    def face_margin(self) -> float | None:
        """The first crop margin among the members; None if all take whole images."""
        return common_face_margin(member.card for member in self.members)

    @property
    def assumptions(self) -> list[str]:
        """The members' assumptions, each with the member's name."""
        return [
            f"{member.card.name}: {text}" for member in self.members for text in member.assumptions
        ]

    def log_odds(self, crop: Crop) -> float:
        """Log-odds of Fake of a face crop or a whole image, combined as the card says."""
        return ensemble_logit(self.card, [member.log_odds(crop) for member in self.members])


def load(path: Path | str) -> Detector | Ensemble:
    """Load a model file, or an ensemble by its card (`.json`).

    Raises:
        CardError: the card is invalid or contradicts the file.
        ModelError: not a model that takes one image.
    """
    path = Path(path)
    return Ensemble.load(path) if path.suffix == ".json" else Detector.load(path)


def member_files(path: Path, card: Card) -> list[Path]:
    """The members' model files, in the card's order. Needs no TensorFlow.

    Raises:
        CardError: the card is of no ensemble, or a member is missing or another file.
    """
    if card.kind != "ensemble":
        raise CardError(f"{path.name} is the card of a model, not of an ensemble")
    return [_file_of(member, path) for member in card.members]


def _file_of(member: Member, path: Path) -> Path:
    file = model_files(path.parent).get(member.name)
    if file is None:
        raise CardError(f"ensemble {path.name}: its member {member.name} is missing")
    if file_sha256(file) != member.sha256:
        raise CardError(
            f"ensemble {path.name}: the file of its member {member.name} has changed (sha256); "
            "create the ensemble again: detection-model model ensemble --help"
        )
    return file
