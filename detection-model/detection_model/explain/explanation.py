"""One model, one picture, one method: an explanation on the whole picture."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from detection_model import faces, imaging
from detection_model.card import Card, file_sha256
from detection_model.data.decoding import Progress
from detection_model.explain.attribution import Attribution, onto_picture
from detection_model.explain.integrated_gradients import integrated_gradients
from detection_model.explain.lime import lime
from detection_model.explain.log_odds import LogOdds
from detection_model.explain.occlusion import occlusion
from detection_model.inference.detector import load_model, resolve_card

Method = Literal["gradcam", "integrated-gradients", "occlusion", "lime"]
METHODS: tuple[Method, ...] = get_args(Method)
# Seconds to minutes each, where Grad-CAM takes about as long as a verdict.
SLOW: tuple[Method, ...] = METHODS[1:]


@dataclass(frozen=True)
class Explanation:
    """Why a model leans one way on a picture.

    `attribution` is float32 (height, width) of the upright picture: above zero speaks for Fake,
    below for Real, NaN is where the model did not look. It is in log-odds, but for Grad-CAM, whose
    scale is its own. `log_odds` are those of Fake, not calibrated. `figures` tell how far the
    method is to be believed: `missing` log-odds of integrated gradients, `fit` of LIME.
    """

    method: Method
    attribution: Attribution
    log_odds: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Explainer:
    """A model file that can be asked why. Keep it: its functions are slow when first called."""

    card: Card
    model: LogOdds

    @classmethod
    def load(cls, path: Path) -> "Explainer":
        """Load a model file and the card beside it; without a card one is assumed.

        Raises:
            ModelError: the file is no model that takes one picture.
            CardError: the card cannot be read or contradicts the file.
        """
        model = load_model(path)
        card, _ = resolve_card(path, file_sha256(path), model.facts)
        return cls(card, LogOdds(model, card.output))

    def explain(
        self,
        method: Method,
        pixels: NDArray[np.uint8],
        box: faces.Box | None = None,
        progress: Progress = lambda _done, _total: None,
    ) -> Explanation:
        """Explain what the model says of a picture.

        Args:
            method: one of `METHODS`.
            pixels: the whole upright picture, uint8 RGB (h, w, 3).
            box: what of it was judged (`faces.judged_box`, or another face's); none: all.
            progress: takes (done, total) for the methods in `SLOW`; what it raises ends the work.

        Raises:
            ExplainError: this method cannot explain this model, or a package is missing.
        """
        height, width = pixels.shape[:2]
        spec = self.card.input
        judged = imaging.resize(pixels if box is None else faces.crop(pixels, box), spec)
        attribution, figures = self._attribution(method, judged, progress)
        return Explanation(
            method,
            onto_picture(attribution, spec, height=height, width=width, box=box),
            log_odds=float(self.model.values(imaging.scale(judged[None], spec))[0]),
            figures=figures,
        )

    def _attribution(
        self, method: Method, judged: NDArray[np.uint8], progress: Progress
    ) -> tuple[Attribution, dict[str, float]]:
        spec = self.card.input
        match method:
            case "gradcam":
                return self.model.gradcam(imaging.scale(judged[None], spec))[0], {}
            case "integrated-gradients":
                found = integrated_gradients(self.model, judged, spec, progress=progress)
                return found.attribution, {"missing": found.missing}
            case "occlusion":
                return occlusion(self.model, judged, spec, progress=progress), {}
            case "lime":
                explained = lime(self.model, judged, spec, progress=progress)
                return explained.attribution, {"fit": explained.fit}
