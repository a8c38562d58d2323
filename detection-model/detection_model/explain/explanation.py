"""Explains a model's output for an image with one of the methods."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from detection_model import faces, imaging
from detection_model.card import Card, file_sha256
from detection_model.data.decoding import Progress
from detection_model.explain.attribution import Attribution, onto_image
from detection_model.explain.log_odds import LogOdds
from detection_model.explain.methods import integrated_gradients, lime, occlusion
from detection_model.inference.detector import load_model, resolve_card

Method = Literal["gradcam", "integrated-gradients", "occlusion", "lime"]
METHODS: tuple[Method, ...] = get_args(Method)
# These take seconds to minutes; Grad-CAM takes about as long as a prediction.
SLOW: tuple[Method, ...] = METHODS[1:]


@dataclass(frozen=True)
class Explanation:
    """The explanation of one output.

    `attribution` is float32 (height, width) over the upright image: positive is evidence for Fake,
    negative for Real, NaN is outside the model's input. Its unit is log-odds, except for Grad-CAM,
    which has an arbitrary scale. `log_odds` is that of Fake before calibration. `figures` measure
    how faithful the method is: `missing` log-odds of integrated gradients, `fit` (R²) of LIME.
    """

    method: Method
    attribution: Attribution
    log_odds: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Explainer:
    """Explains one model. Reuse it: the first call of each method compiles a function."""

    card: Card
    model: LogOdds

    @classmethod
    def load(cls, path: Path) -> "Explainer":
        """Load a model file and its card; without a card one is assumed.

        Raises:
            ModelError: not a model that takes one image.
            CardError: the card is invalid or contradicts the file.
        """
        model = load_model(path)
        card, _ = resolve_card(path, file_sha256(path), model.facts)
        return cls(card, LogOdds(model, card.output))

    def explain(
        self,
        method: Method,
        pixels: NDArray[np.uint8],
        box: faces.Box | None = None,
        turns: int = 0,
        progress: Progress = lambda _done, _total: None,
    ) -> Explanation:
        """Explain the model's output for an image.

        Args:
            method: one of `METHODS`.
            pixels: the whole upright image, uint8 RGB (h, w, 3).
            box: the crop that the model sees (`faces.crop_box`); None: the whole image.
            turns: quarter turns counter-clockwise before the model sees the crop.
            progress: called with (done, total) by the slow methods; an exception stops the work.

        Raises:
            ExplainError: the method does not apply to this model, or a package is missing.
        """
        height, width = pixels.shape[:2]
        spec = self.card.input
        box = box or faces.Box(0, 0, width, height)
        resized = imaging.resize(faces.crop(pixels, box, turns), spec)
        attribution, figures = self._attribution(method, resized, progress)
        return Explanation(
            method,
            onto_image(attribution, spec, height=height, width=width, box=box, turns=turns),
            log_odds=float(self.model.values(imaging.scale(resized[None], spec))[0]),
            figures=figures,
        )

    def _attribution(
        self, method: Method, pixels: NDArray[np.uint8], progress: Progress
    ) -> tuple[Attribution, dict[str, float]]:
        spec = self.card.input
        match method:
            case "gradcam":
                return self.model.gradcam(imaging.scale(pixels[None], spec))[0], {}
            case "integrated-gradients":
                integrated = integrated_gradients(self.model, pixels, spec, progress=progress)
                return integrated.attribution, {"missing": integrated.missing}
            case "occlusion":
                return occlusion(self.model, pixels, spec, progress=progress), {}
            case "lime":
                result = lime(self.model, pixels, spec, progress=progress)
                return result.attribution, {"fit": result.fit}
