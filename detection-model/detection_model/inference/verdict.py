"""Decides the verdict for a logit: threshold, uncertainty, reasons.

Pure functions on plain numbers. Throughout, `fake` is the probability of Fake in [0, 1].
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field, computed_field

from detection_model.card import Assumption, Calibrator, ClassName, Conformal
from detection_model.inference.probability import calibrate, ensemble_logit, fake_logit, sigmoid

__all__ = [
    "Change",
    "ConformalSet",
    "Evidence",
    "Reason",
    "ReasonCode",
    "Stability",
    "Verdict",
    "VerdictName",
    "calibrate",
    "decide",
    "ensemble_logit",
    "evidence_of",
    "fake_logit",
    "message",
    "percent",
    "side",
    "sigmoid",
]

VerdictName = Literal["fake", "real", "uncertain", "out_of_scope"]
Evidence = Literal["weak", "moderate", "strong", "very_strong"]
ReasonCode = Literal[
    "above_threshold",
    "below_threshold",
    "no_card",
    "conformal_both",
    "conformal_none",
    "conformal_other",
    "unstable",
    "no_face",
    "tiny_face",
    "featureless",
    "drawing",
    "far_from_training",
    "several_faces",
    "whole_picture",
]


class Reason(BaseModel):
    """A reason for a verdict: `code` for programs, the message for people."""

    code: ReasonCode
    message: str


class ConformalSet(BaseModel):
    """The conformal prediction set of an image."""

    coverage: float = Field(description="share of each class whose set contains the true class")
    classes: list[ClassName]


class Change(BaseModel):
    """The model's result for the image after one small perturbation."""

    change: str = Field(description="jpeg_60, half_size, shift or flip")
    label: str = Field(description="the perturbation in words: the picture is ...")
    fake: float
    prediction: ClassName


class Stability(BaseModel):
    """Consistency of the prediction under small perturbations."""

    stable: bool
    changes: list[Change]


class Verdict(BaseModel):
    """One model's verdict on one face, or on a whole image."""

    prediction: ClassName
    verdict: VerdictName
    explained: list[Reason]
    fake: float
    raw_fake: float
    logit: float
    threshold: float
    conformal: ConformalSet | None = None
    stability: Stability | None = None

    @property
    def confidence(self) -> float:
        """Probability of the predicted class, in [0, 1]."""
        return self.fake if self.prediction == "Fake" else 1 - self.fake

    def because(self, reasons: Sequence[Reason]) -> "Verdict":
        """The same verdict with more reasons."""
        if not reasons:
            return self
        return self.model_copy(update={"explained": [*self.explained, *reasons]})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def reasons(self) -> list[str]:
        """The messages of `explained`."""
        return [reason.message for reason in self.explained]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def evidence(self) -> Evidence:
        """Strength of the evidence for Fake."""
        return evidence_of(self.fake)


def decide(
    logit: float,
    *,
    calibrator: Calibrator,
    threshold: float,
    assumptions: Sequence[Assumption] = (),
    conformal: Conformal | None = None,
    stability: Stability | None = None,
    outside: Sequence[Reason] = (),
) -> Verdict:
    """Verdict for one log-odds value of Fake.

    Args:
        logit: before calibration.
        calibrator: of the card.
        threshold: a calibrated probability at or above it is called Fake.
        assumptions: about a model without a card. Its verdict is always `uncertain`, because
            its outputs may have the opposite meaning.
        conformal: of the card. A prediction set other than the predicted class alone makes the
            verdict `uncertain`.
        stability: result of the consistency check. An inconsistent prediction is `uncertain`.
        outside: reasons why the image is out of distribution; any makes it `out_of_scope`.
    """
    fake = calibrate(logit, calibrator)
    prediction = side(fake, threshold)
    classes = _conformal_set(fake, conformal) if conformal else None
    uncertainties = [
        *_no_card(assumptions),
        *_conformal_reasons(classes, prediction),
        *_inconsistent(stability, prediction),
    ]
    verdict: VerdictName = "fake" if prediction == "Fake" else "real"
    if outside:
        verdict = "out_of_scope"
    elif uncertainties:
        verdict = "uncertain"
    return Verdict(
        prediction=prediction,
        verdict=verdict,
        explained=[_against_threshold(fake, threshold), *uncertainties, *outside],
        fake=fake,
        raw_fake=sigmoid(logit),
        logit=logit,
        threshold=threshold,
        conformal=classes,
        stability=stability,
    )


def side(fake: float, threshold: float) -> ClassName:
    """The predicted class of a probability of Fake."""
    return "Fake" if fake >= threshold else "Real"


def evidence_of(fake: float) -> Evidence:
    """Score band of a calibrated probability of Fake.

    The bands and their words come from the vera.ai project's guide to detectors.
    """
    if fake >= 0.9:
        return "very_strong"
    if fake >= 0.7:
        return "strong"
    return "moderate" if fake >= 0.5 else "weak"


_MESSAGES: dict[VerdictName, str] = {
    "fake": "This model sees signs of generation. It can be wrong: look for other evidence too.",
    "real": "This model found no sign of generation. That is not proof that the picture is "
    "authentic.",
    "uncertain": "This model is not certain enough to decide.",
    "out_of_scope": "This picture differs from the pictures that the model was made for.",
}


def message(verdict: Verdict) -> str:
    """One or two sentences for people, without numbers that look like proof."""
    return _MESSAGES[verdict.verdict]


def percent(share: float) -> str:
    """A share in [0, 1] as text that never rounds to certainty."""
    if 0 < share < 0.001:
        return "less than 0.1%"
    if 0.999 < share < 1:
        return "more than 99.9%"
    return f"{share:.1%}"


def _against_threshold(fake: float, threshold: float) -> Reason:
    above = side(fake, threshold) == "Fake"
    words = "at or above" if above else "below"
    return Reason(
        code="above_threshold" if above else "below_threshold",
        message=f"{percent(fake)} for Fake is {words} the threshold of {percent(threshold)}",
    )


def _no_card(assumptions: Sequence[Assumption]) -> list[Reason]:
    if not assumptions:
        return []
    text = (
        "the model has no card, so the meaning of its output is assumed; "
        "`detection-model model card` measures it"
    )
    return [Reason(code="no_card", message=text)]


def _conformal_set(fake: float, conformal: Conformal) -> ConformalSet:
    classes: list[ClassName] = []
    # For Real, 1 - p is the probability of Fake.
    if fake <= conformal.real:
        classes.append("Real")
    if 1 - fake <= conformal.fake:
        classes.append("Fake")
    return ConformalSet(coverage=conformal.coverage, classes=classes)


def _conformal_reasons(conformal: ConformalSet | None, prediction: ClassName) -> list[Reason]:
    if conformal is None or conformal.classes == [prediction]:
        return []
    at = f"at {conformal.coverage:.0%} coverage"
    if len(conformal.classes) == 2:
        return [Reason(code="conformal_both", message=f"{at} both Real and Fake are possible")]
    if not conformal.classes:
        text = f"{at} neither class fits: such outputs were rare in the calibration data"
        return [Reason(code="conformal_none", message=text)]
    text = f"{at} it is {conformal.classes[0]}, contrary to the threshold"
    return [Reason(code="conformal_other", message=text)]


def _inconsistent(stability: Stability | None, prediction: ClassName) -> list[Reason]:
    if stability is None or stability.stable:
        return []
    flips = [change.label for change in stability.changes if change.prediction != prediction]
    text = f"the verdict is not stable: it flips when the picture is {_either(flips)}"
    return [Reason(code="unstable", message=text)]


def _either(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
