"""The threshold in force, and where it comes from: one rule for library, CLI and service."""

from pathlib import Path
from typing import Literal, NamedTuple

from detection_model.card import Card
from detection_model.card.eval_config import read_eval_config

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
