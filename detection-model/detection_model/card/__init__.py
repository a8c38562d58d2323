"""The model card: all that must be known to use a model file rightly.

The card stands as `<name>.json` beside `<name>.keras`. It settles what a bare file
leaves open (value range, resizing, and above all which class the number means).
Idea and most field names after Mitchell et al., "Model Cards for Model Reporting" (2019).
"""

from detection_model.card.card import Card
from detection_model.card.doubt import Conformal, MeasureName, Scope, Steadiness
from detection_model.card.ensemble import Combination, MeanCombination, Member, StackedCombination
from detection_model.card.files import (
    MODEL_SUFFIXES,
    CardError,
    ModelFacts,
    assumed_card,
    card_path,
    contradictions,
    file_sha256,
    identity,
    read_beside,
    read_card,
    write_card,
)
from detection_model.card.parts import (
    Activation,
    Calibrator,
    ClassName,
    InputSpec,
    IsotonicCalibrator,
    NoCalibrator,
    OutputSpec,
    Probability,
    Sha256,
    TemperatureCalibrator,
    Threshold,
    TrainingRun,
)

__all__ = [
    "MODEL_SUFFIXES",
    "Activation",
    "Calibrator",
    "Card",
    "CardError",
    "ClassName",
    "Combination",
    "Conformal",
    "InputSpec",
    "IsotonicCalibrator",
    "MeanCombination",
    "MeasureName",
    "Member",
    "ModelFacts",
    "NoCalibrator",
    "OutputSpec",
    "Probability",
    "Scope",
    "Sha256",
    "StackedCombination",
    "Steadiness",
    "TemperatureCalibrator",
    "Threshold",
    "TrainingRun",
    "assumed_card",
    "card_path",
    "contradictions",
    "file_sha256",
    "identity",
    "read_beside",
    "read_card",
    "write_card",
]
