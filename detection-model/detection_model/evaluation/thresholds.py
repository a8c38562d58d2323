"""Chooses a threshold on labelled pictures by a named rule."""

from typing import Literal

import numpy as np

from detection_model.card import CardError, Threshold
from detection_model.evaluation.metrics import Labels, Scores

Rule = Literal["best-f1", "youden", "target-fpr", "target-precision"]
TARGETS: dict[Rule, float] = {"target-fpr": 0.05, "target-precision": 0.95}


def choose(
    labels: Labels,
    scores: Scores,
    rule: Rule,
    *,
    target: float | None = None,
    where: str,
    weights: Scores | None = None,
) -> Threshold:
    """The best threshold by a rule, with the reason for the card.

    best-f1: largest F1. youden: largest TPR - FPR (Youden 1950). target-fpr: most fakes found
    while at most `target` of the reals are called fake. target-precision: most fakes found while
    at least `target` of what is called fake is (a point of the precision-recall curve).

    Thresholds lie half-way between two scores. Of equally good ones the highest is taken, which
    accuses fewest. Calling everything or nothing fake is no choice.

    Args:
        labels: is it a fake, (n,), both classes in it.
        scores: calibrated probabilities of Fake, (n,).
        rule: how to choose.
        target: share in [0, 1] for the two rules that have one; default 0.05 and 0.95.
        where: the pictures, in words.
        weights: of the pictures, (n,); none: all count alike.

    Raises:
        CardError: no threshold reaches the target, or all scores are the same.
    """
    distinct = np.unique(scores)
    candidates = (distinct[:-1] + distinct[1:]) / 2
    called = scores >= candidates[:, None]
    counts = np.ones(len(scores)) if weights is None else weights
    fakes, reals = counts * labels, counts * ~labels
    found, wrong = called @ fakes, called @ reals
    true, false, precision = found / fakes.sum(), wrong / reals.sum(), found / (found + wrong)
    share = TARGETS.get(rule, 0.0) if target is None else target
    match rule:
        case "best-f1":
            merit, allowed = 2 * found / (found + wrong + fakes.sum()), true >= 0
            reason = "best F1"
        case "youden":
            merit, allowed, reason = true - false, true >= 0, "largest Youden's J"
        case "target-fpr":
            merit, allowed = true, false <= share
            reason = f"most fakes found with at most {share:.3g} of reals called Fake"
        case "target-precision":
            merit, allowed = true, precision >= share
            reason = f"most fakes found with a precision of at least {share:.3g}"
    usable = np.flatnonzero(allowed & (found > 0))
    if not len(usable):
        raise CardError(f"no threshold on {where}: {reason} cannot be reached")
    best = usable[np.flatnonzero(merit[usable] == merit[usable].max())[-1]]
    got = f"F1 {2 * found[best] / (found[best] + wrong[best] + fakes.sum()):.3f}"
    return Threshold(
        value=round(float(candidates[best]), 7),
        chosen=f"{reason} on {where}: {got}, {true[best]:.3f} of fakes found, {false[best]:.3f} "
        "of reals called Fake",
    )
