"""Computes a heat map and turns it into an answer: scaled down, quantised and coloured."""

import base64
from typing import get_args

import numpy as np
from PIL import Image

from app.inference.predictions import box_of, image_info
from app.jobs.consumer import JobFailedError
from app.schemas.explain import Explanation, HeatMap, Overlay
from app.schemas.jobs import ExplainTask, JobModel
from detection_model.card import ClassName
from detection_model.data.preprocessing import Progress
from detection_model.explain.attribution import COLOURS, Attribution, heat, layer, png, stops
from detection_model.explain.explanation import Explainer
from detection_model.faces import Box, crop
from detection_model.imaging import Picture

# Pixels of the longer side: the input size of most models.
_SIDE = 224
_LEVELS, _UNSEEN = 32767, -32768


def heat_map(
    explainer: Explainer, model: JobModel, task: ExplainTask, picture: Picture, progress: Progress
) -> Explanation:
    """Compute the heat map of a picture, or of one of its faces.

    Raises:
        ExplainError: the method cannot explain this model.
        JobFailedError: the model's output is not finite.
    """
    if task.face is not None and task.box is None:  # accepted by an earlier version
        raise JobFailedError("This job is from an earlier version. Start the heat map again.")
    box = task.box or Box(0, 0, picture.width, picture.height)
    turned = crop(picture.pixels, box, task.turns)
    explanation = explainer.explain(task.method, turned, progress=progress)
    attribution = scaled_down(np.rot90(explanation.attribution, -task.turns), _SIDE)
    if not np.isfinite(explanation.log_odds) or np.isinf(attribution).any():
        raise JobFailedError(f"{model.name} gives no finite number for this picture.")
    return Explanation(
        model=model.name,
        model_sha256=model.sha256,
        method=task.method,
        image=image_info(picture, task.face_count),
        judged="whole" if task.face is None else "face",
        face=task.face,
        box=box_of(box, picture),
        log_odds=explanation.log_odds,
        unit="own" if task.method == "gradcam" else "log_odds",
        figures=explanation.figures,
        map=quantised(attribution),
        overlays=[
            Overlay(
                towards=towards,
                colours=colours,
                png=_base64(png(layer(heat(attribution, towards), colours))),
            )
            for towards in get_args(ClassName)
            for colours in COLOURS
        ],
        legend={colours: stops(colours) for colours in COLOURS},
    )


def scaled_down(attribution: Attribution, side: int) -> Attribution:
    """Scale an attribution to a longer side of at most `side`, by the mean of the covered values.

    A value is NaN if the model saw less than half of the area that it covers.
    """
    height, width = attribution.shape
    scale = min(1, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    covered = ~np.isnan(attribution)
    share = _resized(covered.astype(np.float32), size)
    total = _resized(np.where(covered, attribution, np.float32(0)), size)
    return np.where(share >= 0.5, total / np.maximum(share, 0.5), np.float32(np.nan))


def quantised(attribution: Attribution) -> HeatMap:
    """An attribution (finite or NaN) as 16-bit integers."""
    covered = ~np.isnan(attribution)
    values = np.where(covered, attribution, 0)
    step = float(np.abs(values).max()) / _LEVELS or 1.0
    levels = np.where(covered, np.rint(values / step), _UNSEEN)
    return HeatMap(
        width=attribution.shape[1],
        height=attribution.shape[0],
        values=_base64(levels.astype("<i2").tobytes()),
        step=step,
        least=float(values.min()),
        most=float(values.max()),
    )


def _resized(values: Attribution, size: tuple[int, int]) -> Attribution:
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BOX))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
