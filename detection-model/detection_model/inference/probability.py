"""The calibrated probability of Fake, from a model's outputs, and the threshold in force on it."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from detection_model.card import (
    Calibrator,
    Card,
    IsotonicCalibrator,
    OutputSpec,
    StackedCombination,
    TemperatureCalibrator,
    read_eval_config,
)

# Keeps logarithms of probabilities finite.
_TINY = 1e-300


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)) without overflow."""
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


def log_odds(probability: float) -> float:
    """log(p / (1 - p)); finite, also at 0 and 1."""
    return math.log(max(probability, _TINY)) - math.log(max(1 - probability, _TINY))


def fake_logit(outputs: Sequence[float], output: OutputSpec) -> float:
    """Log-odds of Fake from a model's outputs before the last activation.

    Args:
        outputs: one number (sigmoid) or one per class (softmax), any real values.
        output: the meaning of the numbers.

    Raises:
        ValueError: the number of outputs differs from the card, or a value is not finite.
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
    """Calibrated probability, in [0, 1], for a log-odds value."""
    match calibrator:
        case TemperatureCalibrator():
            return sigmoid(logit / calibrator.temperature + calibrator.bias)
        case IsotonicCalibrator():
            return _interpolate(sigmoid(logit), calibrator.x, calibrator.y)
    return sigmoid(logit)


def calibrated_logit(logit: float, calibrator: Calibrator) -> float:
    """Log-odds of the calibrated probability; finite."""
    match calibrator:
        case TemperatureCalibrator():
            return logit / calibrator.temperature + calibrator.bias
        case IsotonicCalibrator():
            fake = calibrate(logit, calibrator)
            return log_odds(fake)
    return logit


def ensemble_logit(card: Card, logits: Sequence[float]) -> float:
    """Log-odds of Fake of an ensemble, before the ensemble's own calibrator and threshold.

    Args:
        card: of the ensemble.
        logits: `fake_logit` of each member before calibration, in the order of `card.members`.

    Raises:
        ValueError: the number of logits differs from the number of members.
    """
    if len(logits) != len(card.members):
        raise ValueError(f"{len(logits)} logits for {len(card.members)} members")
    if isinstance(card.combination, StackedCombination):
        products = map(math.prod, zip(card.combination.coefficients, logits, strict=True))
        return card.combination.intercept + sum(products)
    fake = real = 0.0
    for member, logit in zip(card.members, logits, strict=True):
        calibrated = calibrated_logit(logit, member.calibrator)
        # Each class separately: 1 - p would lose precision near 1.
        fake += member.weight * sigmoid(calibrated)
        real += member.weight * sigmoid(-calibrated)
    return math.log(max(fake, _TINY)) - math.log(max(real, _TINY))


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


ThresholdSource = Literal["request", "override", "eval_config", "card", "default"]


class ThresholdInForce(NamedTuple):
    """A threshold on the calibrated probability of Fake, in [0, 1], and its source."""

    value: float
    source: ThresholdSource


def threshold_in_force(
    card: Card,
    *,
    request: float | None = None,
    override: float | None = None,
    eval_config: float | None = None,
    has_card: bool = True,
) -> ThresholdInForce:
    """The first threshold that is set, in this order: request, override, eval_config.json, card.

    Args:
        card: of the model.
        request: the caller's choice.
        override: stored by an operator of the service.
        eval_config: from `eval_config.json` next to the model.
        has_card: False if `card` is an assumed one: its threshold is only a default.
    """
    if request is not None:
        return ThresholdInForce(request, "request")
    if override is not None:
        return ThresholdInForce(override, "override")
    if eval_config is not None:
        return ThresholdInForce(eval_config, "eval_config")
    return ThresholdInForce(card.threshold.value, "card" if has_card else "default")


def published_threshold(path: Path, card: Card) -> float:
    """The threshold of a published model: from its eval_config.json, else from its card.

    Args:
        path: the model file, or the card of an ensemble.
        card: of the model.

    Raises:
        CardError: eval_config.json cannot be read.
    """
    return threshold_in_force(card, eval_config=read_eval_config(path).threshold).value
