"""Writes model cards: probes the input convention of a model file, and combines ensembles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from detection_model.card import (
    Card,
    CardError,
    ClassName,
    InputSpec,
    MeanCombination,
    Member,
    OutputSpec,
    StackedCombination,
    assumed_card,
    file_sha256,
    identity,
)
from detection_model.data.folders import DataError, all_examples, find_data
from detection_model.data.preprocessing import OnBad, Progress, load_pictures
from detection_model.evaluation.metrics import Labels, Scores
from detection_model.evaluation.scoring import data_for, score
from detection_model.inference.detector import Detector, load_model
from detection_model.inference.runtime import TensorFlow

# Below this AUC, a few hundred pictures cannot tell a convention from chance.
CONVINCING_AUC = 0.6

_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
_RANGES: dict[str, dict[str, object]] = {
    "0 to 255": {"value_range": (0, 255)},
    "0 to 1": {"value_range": (0, 1)},
    "-1 to 1": {"value_range": (-1, 1)},
    "0 to 1, ImageNet mean and deviation": {"value_range": (0, 1), **_IMAGENET},
}
_POLARITIES: tuple[tuple[ClassName, ClassName], ...] = (("Real", "Fake"), ("Fake", "Real"))


@dataclass(frozen=True)
class InputConvention:
    """A value range and class order for a model file, with the AUC that they give."""

    values: str
    card: Card
    auc: float


def probe_conventions(
    path: Path,
    data: Path,
    *,
    progress: Progress = lambda _done, _total: None,
    on_bad: OnBad = lambda _bad: None,
) -> list[InputConvention]:
    """Try every input convention on labelled pictures, best AUC first.

    Args:
        path: the model file.
        data: the data set's folder.
        progress: called with (done, total) decoded pictures.
        on_bad: called with each picture that cannot be read.

    Raises:
        ModelError: the file cannot be loaded.
        DataError: the data set is unusable, or a class has no readable picture.
        CardError: the number of outputs cannot mean Real and Fake.
    """
    model = load_model(path)
    base, _ = assumed_card(path.stem, file_sha256(path), model.facts)
    pictures = load_pictures(all_examples(find_data(data)), base.input, progress=progress)
    for bad in pictures.bad:
        on_bad(bad)
    if len(labels := {example.label for example in pictures.examples}) == 1:
        raise DataError(f"{data}: the readable pictures are all {labels.pop()}; both are needed")
    engine = TensorFlow(model.logits, height=base.input.height, width=base.input.width)
    conventions = []
    for values, card in _cards(base):
        logits = list(Detector(path, card, [], engine).fake_logits(pictures.pixels))
        conventions.append(
            InputConvention(values, card, float(roc_auc_score(pictures.targets, logits)))
        )
    return sorted(conventions, key=lambda convention: -convention.auc)


def best_convention(conventions: list[InputConvention]) -> InputConvention:
    """The convention with the highest AUC.

    Raises:
        CardError: its AUC is below 0.6, or undefined.
    """
    # `not >=`: a model whose outputs are NaN has an AUC of NaN.
    if not conventions[0].auc >= CONVINCING_AUC:
        raise CardError(
            "no input convention tells Real from Fake (the best AUC is "
            f"{conventions[0].auc:.3f}): was the model trained on this kind of picture?"
        )
    return conventions[0]


def _cards(base: Card) -> Iterator[tuple[str, Card]]:
    for values, changes in _RANGES.items():
        spec = InputSpec.model_validate({**base.input.model_dump(), **changes})
        for classes in _POLARITIES:
            output = OutputSpec(activation=base.output.activation, classes=classes)
            yield values, base.model_copy(update={"input": spec, "output": output})


def ensemble_card(
    name: str, members: Sequence[Card], weights: Sequence[float] | None = None
) -> Card:
    """The card of the mean of the members' calibrated probabilities.

    Raises:
        CardError: fewer than two members, the same one twice, or an ensemble among them.
    """
    if len({identity(card) for card in members}) < max(2, len(members)):
        raise CardError("an ensemble needs two or more different models")
    if nested := [card.name for card in members if card.kind == "ensemble"]:
        raise CardError(f"{nested[0]} is an ensemble itself: name its members")
    return Card(
        name=name,
        kind="ensemble",
        members=tuple(
            Member(name=card.name, sha256=identity(card), weight=weight, calibrator=card.calibrator)
            for card, weight in zip(members, weights or [1.0] * len(members), strict=True)
        ),
        combination=MeanCombination(),
        input=members[0].input,
        summary=f"Mean probability of {', '.join(card.name for card in members)}.",
        data_licences=tuple(dict.fromkeys(text for card in members for text in card.data_licences)),
    )


def stacked_card(card: Card, members: Sequence[Detector], data: Path, progress: Progress) -> Card:
    """An ensemble's card with a stack fitted on the validation split of a data set.

    Raises:
        DataError: the data set is unusable, or the members were trained on different splits of it.
    """
    folder = data_for(members, data)
    examples = folder.split("validation")
    results = [score(member, examples, decoding=progress) for member in members]
    labels = np.asarray([example.label == "Fake" for example in results[0].examples])
    stack = fit_stack(np.asarray([scores.logits for scores in results]).T, labels)
    names = ", ".join(member.name for member in card.members)
    summary = f"Stack of {names}, fitted on the validation split of {folder.name}."
    return card.model_copy(update={"combination": stack, "summary": summary})


def fit_stack(logits: Scores, labels: Labels) -> StackedCombination:
    """Logistic regression over the members' log-odds (n, members); Wolpert (1992).

    The L2 penalty (C = 1) applies to standardised log-odds, so it does not depend on their scale.
    """
    from sklearn.linear_model import LogisticRegression

    scale = np.maximum(logits.std(axis=0), 1e-6)
    model = LogisticRegression(max_iter=1000).fit(logits / scale, labels)
    return StackedCombination(
        coefficients=tuple(round(value, 6) for value in (model.coef_[0] / scale).tolist()),
        intercept=round(float(model.intercept_[0]), 6),
    )
