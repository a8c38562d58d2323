"""Makes the cards of ensembles."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from detection_model.card import (
    Card,
    CardError,
    MeanCombination,
    Member,
    StackedCombination,
    identity,
)
from detection_model.data.decoding import Progress
from detection_model.evaluation.metrics import Labels, Scores
from detection_model.evaluation.scoring import data_for, score
from detection_model.inference.detector import Detector


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
        DataError: the data set has no validation split that no member was trained on.
    """
    found = data_for(members, data)
    examples = found.split("validation")
    scored = [score(member, examples, decoding=progress) for member in members]
    labels = np.asarray([example.label == "Fake" for example in scored[0].examples])
    stack = fit_stack(np.asarray([one.logits for one in scored]).T, labels)
    names = ", ".join(member.name for member in card.members)
    summary = f"Stack of {names}, fitted on the validation split of {found.name}."
    return card.model_copy(update={"combination": stack, "summary": summary})


def fit_stack(logits: Scores, labels: Labels) -> StackedCombination:
    """Logistic regression over the members' log-odds (n, members); Wolpert (1992).

    Its L2 penalty (C = 1) is on log-odds of unit deviation, so that no member's scale decides.
    """
    from sklearn.linear_model import LogisticRegression

    scale = np.maximum(logits.std(axis=0), 1e-6)
    model = LogisticRegression(max_iter=1000).fit(logits / scale, labels)
    return StackedCombination(
        coefficients=tuple(round(value, 6) for value in (model.coef_[0] / scale).tolist()),
        intercept=round(float(model.intercept_[0]), 6),
    )
