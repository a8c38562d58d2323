"""Heat maps."""

from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.base import Answer
from app.schemas.predict import FaceBox, ImageInfo
from detection_model.card import ClassName
from detection_model.explain.attribution import Colours
from detection_model.explain.explanation import Method
from detection_model.inference.pipeline import Region


class HeatMap(BaseModel):
    """Attribution of each position: above zero for Fake, below for Real."""

    width: int
    height: int
    values: str = Field(
        description="base64 of int16, little-endian, row by row; -32768: the model did not look "
        "there, any other times `step` is the value"
    )
    step: float
    least: float = Field(description="of all values; not below zero: nothing speaks for Real")
    most: float = Field(description="of all values; not above zero: nothing speaks for Fake")


class Overlay(BaseModel):
    """The map in colours, of its size; transparent where the model did not look."""

    towards: ClassName = Field(description="the class that the shown evidence supports")
    colours: Colours
    png: str = Field(description="base64 of a PNG file with transparency")


class Explanation(Answer):
    """Explanation of a model's output for a picture, or for one of its faces."""

    model: str
    model_sha256: str
    method: Method
    image: ImageInfo
    judged: Region = Field(description="what was explained")
    face: int | None = Field(description="by size, from 0, as in predict; null: the whole picture")
    box: FaceBox = Field(description="the part of the picture that the map covers")
    log_odds: float = Field(description="of Fake, before calibration, as TensorFlow computes them")
    unit: Literal["log_odds", "own"] = Field(
        description="of the map's values; own: only their proportions mean something"
    )
    figures: dict[str, float] = Field(
        description="how reliable it is: `missing` log-odds of integrated gradients; `fit` of "
        "LIME, at most 1, low where its linear model does not follow the detector"
    )
    map: HeatMap
    overlays: list[Overlay] = Field(description="both classes in both colour maps")
    legend: dict[Colours, list[str]] = Field(
        description="evenly spaced colours (#rrggbb) from nothing to most"
    )
