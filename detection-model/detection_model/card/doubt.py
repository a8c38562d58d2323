"""What a card says of the model's doubts: coverage, reach of its training, steadiness.

Numbers only, fitted by `detection-model calibrate`; all of them are optional.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from detection_model.card.parts import Probability, Strict

MeasureName = Literal[
    "luminance", "contrast", "sharpness", "saturation", "flat_share", "spectrum_slope"
]


class Conformal(Strict):
    """Split-conformal sets of classes, with the coverage held in each class by itself (Mondrian).

    A class belongs to a picture's set where 1 - p <= its limit, p being the calibrated probability
    of that class. Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World" (2005);
    Sadinle, Lei & Wasserman, "Least Ambiguous Set-Valued Classifiers" (2019).
    """

    coverage: float = Field(
        gt=0, lt=1, description="of pictures of a class, those whose set has it"
    )
    real: Probability = Field(description="limit of 1 - p of Real")
    fake: Probability = Field(description="limit of 1 - p of Fake")
    data: str = Field(description="what the limits were fitted on")
    pictures: int = Field(ge=1)


class Scope(Strict):
    """Where the training pictures lie in a few cheap measures of the judged cut-out.

    A picture whose squared Mahalanobis distance from `centre` is beyond `limit` is far from the
    training data. The measures are those of `detection_model.inference.ood.measures`.
    """

    measures: tuple[MeasureName, ...] = Field(min_length=1)
    centre: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...] = Field(description="inverse of the covariance")
    limit: float = Field(gt=0)
    data: str
    pictures: int = Field(ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        size = len(self.measures)
        if len(set(self.measures)) != size:
            raise ValueError("measures must be named once each")
        if len(self.centre) != size:
            raise ValueError("centre must have one number a measure")
        if len(self.precision) != size or any(len(row) != size for row in self.precision):
            raise ValueError("precision must have a row and a column a measure")
        return self


class Steadiness(Strict):
    """How far the changes of `detection_model.inference.consistency` move the model's answers.

    A picture whose calibrated log-odds are no nearer to the threshold's than `reach` keeps its
    verdict under them, so it need not be tried.
    """

    reach: float = Field(ge=0, description="in calibrated log-odds")
    share: Probability = Field(description="of pictures, those that are not moved further")
    data: str
    pictures: int = Field(ge=1)
