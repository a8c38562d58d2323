"""Finds out on labelled pictures what a model file without a card wants and means."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sklearn.metrics import roc_auc_score

from detection_model.card import (
    Card,
    CardError,
    ClassName,
    InputSpec,
    OutputSpec,
    assumed_card,
    file_sha256,
)
from detection_model.data.decoding import Progress, load_pictures
from detection_model.data.folders import all_examples, find_data
from detection_model.inference.detector import Detector, load_model
from detection_model.inference.runtime import TensorFlow

# Below this no reading can be told from chance on a few hundred pictures.
CONVINCING_AUC = 0.6

_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
_RANGES: dict[str, dict[str, object]] = {
    "0 to 255": {"value_range": (0, 255)},
    "0 to 1": {"value_range": (0, 1)},
    "-1 to 1": {"value_range": (-1, 1)},
    "0 to 1, less ImageNet's mean, by its deviation": {"value_range": (0, 1), **_IMAGENET},
}
_POLARITIES: tuple[tuple[ClassName, ClassName], ...] = (("Real", "Fake"), ("Fake", "Real"))


@dataclass(frozen=True)
class Reading:
    """One way to use a file, and how well it tells the classes apart."""

    values: str
    card: Card
    auc: float


def readings(
    path: Path, data: Path, *, progress: Progress = lambda _done, _total: None
) -> list[Reading]:
    """Every reading of a model file, best first.

    Raises:
        ModelError: the file cannot be loaded.
        DataError: the data set is unusable.
        CardError: the number of outputs has no reading as Real against Fake.
    """
    model = load_model(path)
    base, _ = assumed_card(path.stem, file_sha256(path), model.facts)
    pictures = load_pictures(all_examples(find_data(data)), base.input, progress=progress)
    engine = TensorFlow(model.logits, height=base.input.height, width=base.input.width)
    found = []
    for values, card in _cards(base):
        logits = list(Detector(path, card, [], engine).fake_logits(pictures.pixels))
        found.append(Reading(values, card, float(roc_auc_score(pictures.targets, logits))))
    return sorted(found, key=lambda reading: -reading.auc)


def chosen(found: list[Reading]) -> Reading:
    """The best reading.

    Raises:
        CardError: none is convincing.
    """
    if found[0].auc < CONVINCING_AUC:
        raise CardError(
            f"no reading tells Real from Fake (the best AUC is {found[0].auc:.3f}): is this the "
            "kind of picture that the model was trained on?"
        )
    return found[0]


def _cards(base: Card) -> Iterator[tuple[str, Card]]:
    for values, changes in _RANGES.items():
        spec = InputSpec.model_validate({**base.input.model_dump(), **changes})
        for classes in _POLARITIES:
            output = OutputSpec(activation=base.output.activation, classes=classes)
            yield values, base.model_copy(update={"input": spec, "output": output})
