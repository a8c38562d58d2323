"""From a model's output to a verdict: logit, calibrated probability, threshold, words.

Pure functions on plain numbers. Throughout, `fake` is the probability of Fake.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from detection_model.card import (
    Calibrator,
    Card,
    ClassName,
    IsotonicCalibrator,
    OutputSpec,
    StackedCombination,
    TemperatureCalibrator,
)

# Keeps logarithms of probabilities finite.
_TINY = 1e-300

VerdictName = Literal["fake", "real", "uncertain", "out_of_scope"]


class Verdict(BaseModel):
    """What is said of one picture by one model."""

    prediction: ClassName
    verdict: VerdictName
    reasons: list[str]
    fake: float
    raw_fake: float
    logit: float
    threshold: float

    @property
    def confidence(self) -> float:
        """Probability of the predicted class, in [0, 1]."""
        return self.fake if self.prediction == "Fake" else 1 - self.fake


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)) without overflow."""
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


def fake_logit(outputs: Sequence[float], output: OutputSpec) -> float:
    """Log-odds of Fake from a model's outputs before the last activation.

    Args:
        outputs: one number (sigmoid) or one a class (softmax), any real values.
        output: what the numbers mean.

    Raises:
        ValueError: another number of outputs than the card says, or a value that is not finite.
    """
    if len(outputs) != output.units:
        raise ValueError(f"{len(outputs)} outputs where the card says {output.units}")
    if not all(map(math.isfinite, outputs)):
        raise ValueError("the model's output is not finite")
    if output.activation == "sigmoid":
        return outputs[0] if output.classes[1] == "Fake" else -outputs[0]
    by_class: dict[str, list[float]] = {"Real": [], "Fake": []}
    for name, value in zip(output.classes, outputs, strict=True):
        by_class[name].append(value)
    return _log_sum_exp(by_class["Fake"]) - _log_sum_exp(by_class["Real"])


def calibrate(logit: float, calibrator: Calibrator) -> float:
    """Calibrated probability in [0, 1] of a log-odds value."""
    match calibrator:
        case TemperatureCalibrator():
            return sigmoid(logit / calibrator.temperature + calibrator.bias)
        case IsotonicCalibrator():
            return _interpolate(sigmoid(logit), calibrator.x, calibrator.y)
    return sigmoid(logit)


def ensemble_logit(card: Card, logits: Sequence[float]) -> float:
    """Log-odds of Fake of an ensemble; its own calibrator and threshold apply to it afterwards.

    Args:
        card: of the ensemble.
        logits: `fake_logit` of each member, in the order of `card.members`, not calibrated.

    Raises:
        ValueError: another number of logits than members.
    """
    if len(logits) != len(card.members):
        raise ValueError(f"{len(logits)} logits for {len(card.members)} members")
    if isinstance(card.combination, StackedCombination):
        products = map(math.prod, zip(card.combination.coefficients, logits, strict=True))
        return card.combination.intercept + sum(products)
    fake = real = 0.0
    for member, logit in zip(card.members, logits, strict=True):
        log_odds = _calibrated_logit(logit, member.calibrator)
        # Each from its own side: 1 - p would lose what a probability near 1 leaves for Real.
        fake += member.weight * sigmoid(log_odds)
        real += member.weight * sigmoid(-log_odds)
    return math.log(max(fake, _TINY)) - math.log(max(real, _TINY))


def judge(
    logit: float, *, calibrator: Calibrator, threshold: float, assumptions: Sequence[str] = ()
) -> Verdict:
    """Verdict for one log-odds value of Fake.

    A model whose reading had to be assumed (no card) never gives more than `uncertain`:
    its polarity may be the other way round.
    """
    fake = calibrate(logit, calibrator)
    prediction: ClassName = "Fake" if fake >= threshold else "Real"
    verdict: VerdictName = "fake" if prediction == "Fake" else "real"
    side = "at or above" if prediction == "Fake" else "below"
    reasons = [f"{_percent(fake)} for Fake is {side} the threshold of {_percent(threshold)}"]
    if assumptions:
        verdict = "uncertain"
        reasons.append(
            "the model has no card, so what its output means is assumed; "
            "`detection-model card` finds out"
        )
    return Verdict(
        prediction=prediction,
        verdict=verdict,
        reasons=reasons,
        fake=fake,
        raw_fake=sigmoid(logit),
        logit=logit,
        threshold=threshold,
    )


_MESSAGES: dict[VerdictName, str] = {
    "fake": "This model sees signs of generation. It can be wrong: look for other evidence too.",
    "real": "This model found no sign of generation. That is not proof that the picture is "
    "authentic.",
    "uncertain": "This model does not know enough to say.",
    "out_of_scope": "This picture is not of the kind that the model was made for.",
}


def message(verdict: Verdict) -> str:
    """One or two sentences for a person, without numbers that look like proof."""
    return _MESSAGES[verdict.verdict]


def _percent(share: float) -> str:
    """A share in [0, 1] in words that never round to certainty."""
    if 0 < share < 0.001:
        return "less than 0.1%"
    if 0.999 < share < 1:
        return "more than 99.9%"
    return f"{share:.1%}"


def _calibrated_logit(logit: float, calibrator: Calibrator) -> float:
    match calibrator:
        case TemperatureCalibrator():
            return logit / calibrator.temperature + calibrator.bias
        case IsotonicCalibrator():
            fake = calibrate(logit, calibrator)
            return math.log(max(fake, _TINY)) - math.log(max(1 - fake, _TINY))
    return logit


def _log_sum_exp(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))


def _interpolate(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    right = bisect_right(xs, x)
    share = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + share * (ys[right] - ys[right - 1])
