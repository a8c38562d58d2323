"""Runs one model on each face of an image and combines the results.

The library and the service share this code; they differ only in what computes the log-odds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from detection_model import imaging
from detection_model.card import Assumption, Calibrator, Card, NoCalibrator
from detection_model.faces import Face
from detection_model.imaging import Note
from detection_model.inference.crops import Crop, ImageCrops
from detection_model.inference.uncertainty import (
    ConsistencyMode,
    check_consistency,
    is_close,
    out_of_distribution,
    perturbed_crops,
)
from detection_model.inference.verdict import Reason, Stability, Verdict, decide

Region = Literal["face", "whole"]


class Model(Protocol):
    """Interface that `predict` needs; `Detector` and `Ensemble` implement it."""

    @property
    def card(self) -> Card:
        """The model card."""

    @property
    def assumptions(self) -> Sequence[Assumption]:
        """Assumptions about a model without a card; empty for a model with one."""

    @property
    def face_margin(self) -> float | None:
        """Crop margin in face widths; None for a model of whole images."""

    @property
    def threshold(self) -> float:
        """Threshold in force if the caller sets none."""

    def log_odds(self, crop: Crop) -> float:
        """Log-odds of Fake before calibration; finite."""


@dataclass(frozen=True)
class PredictOptions:
    """Options of a caller.

    Args:
        threshold: on the calibrated probability of Fake, in [0, 1]; None: the model's own.
        calibrate: apply the card's calibrator, and the conformal limits fitted with it.
        whole: classify the whole image even if the model was trained on face crops.
        consistency: when to check that small perturbations keep the verdict.
    """

    threshold: float | None = None
    calibrate: bool = True
    whole: bool = False
    consistency: ConsistencyMode = "auto"


@dataclass(frozen=True)
class FaceResult:
    """The verdict on one face."""

    face: Face
    verdict: Verdict


@dataclass(frozen=True)
class ImageResult:
    """One model's result for an image.

    Attributes:
        verdict: of the leading face, or of the whole image.
        faces: the classified faces, the largest first; empty if the whole image was classified.
        leading_face: index into `faces` of the in-distribution face that looks most like Fake;
            None if the whole image was classified.
        face_count: number of detected faces; None if faces were not searched.
        notes: what is special about the file or about its faces, such as the page that was taken.
    """

    verdict: Verdict
    faces: tuple[FaceResult, ...] = ()
    leading_face: int | None = None
    face_count: int | None = None
    notes: tuple[Note, ...] = ()

    @property
    def region(self) -> Region:
        """Region of the image that `verdict` refers to."""
        return "whole" if self.leading_face is None else "face"


_DEFAULT_OPTIONS = PredictOptions()


def predict(
    model: Model, image: bytes | Path, options: PredictOptions = _DEFAULT_OPTIONS
) -> ImageResult:
    """Classify an image file.

    Args:
        model: from `detection_model.load`.
        image: the bytes of an image file, or its path.
        options: see `PredictOptions`.

    Raises:
        ImageError: the file is not a supported image within the limits.
        OSError: the file cannot be read.
    """
    data = image.read_bytes() if isinstance(image, Path) else image
    picture = imaging.decode(data)
    return predict_crops(model, ImageCrops(picture.pixels, picture.notes), options)


def predict_crops(
    model: Model, image: ImageCrops, options: PredictOptions = _DEFAULT_OPTIONS
) -> ImageResult:
    """Classify each face of a decoded image; the whole image if it has none or `options` say so."""
    if not searches_faces(model.face_margin, options):
        reasons = [] if model.face_margin is None else [_WHOLE]
        verdict = _classify(model, image.whole, options)
        return ImageResult(verdict.because(reasons), notes=image.notes)
    if not image.faces:
        verdict = _classify(model, image.whole, options, [_NO_FACE])
        return ImageResult(verdict, face_count=0, notes=image.notes)
    faces = tuple(
        FaceResult(face, _classify(model, crop, options))
        for face, crop in zip(image.faces, image.face_crops, strict=False)
    )
    leading = max(range(len(faces)), key=lambda index: _suspicion(faces[index].verdict))
    several = _several_faces(len(image.faces), len(faces), leading)
    verdict = faces[leading].verdict.because(several)
    return ImageResult(verdict, faces, leading, len(image.faces), image.notes)


def searches_faces(face_margin: float | None, options: PredictOptions) -> bool:
    """True if faces are classified instead of the whole image."""
    return face_margin is not None and not options.whole


def common_face_margin(cards: Iterable[Card]) -> float | None:
    """The first face margin among the cards of an ensemble's members; None if there is none."""
    margins = (card.input.face_margin for card in cards)
    return next((margin for margin in margins if margin is not None), None)


_NO_FACE = Reason(
    code="no_face",
    message="no face was found, and the model was trained on faces; "
    "the probability is that of the whole picture",
)
_WHOLE = Reason(
    code="whole_picture",
    message="the whole picture was classified, as requested; the model was trained on face crops",
)


def _classify(
    model: Model, crop: Crop, options: PredictOptions, outside: Sequence[Reason] = ()
) -> Verdict:
    logit = model.log_odds(crop)
    outside = [*outside]
    if model.face_margin is not None:
        outside += out_of_distribution(crop, model.face_margin, model.card)
    # The conformal limits were fitted on face crops and hold for nothing else.
    has_limits = options.calibrate and (model.face_margin is None or crop.face is not None)
    calibrator: Calibrator = model.card.calibrator if options.calibrate else NoCalibrator()
    threshold = model.threshold if options.threshold is None else options.threshold
    conformal = model.card.conformal if has_limits else None

    def verdict(stability: Stability | None) -> Verdict:
        return decide(
            logit,
            calibrator=calibrator,
            threshold=threshold,
            assumptions=model.assumptions,
            conformal=conformal,
            stability=stability,
            outside=outside,
        )

    first = verdict(None)
    match options.consistency:
        case "never":
            return first
        case "auto":
            steadiness = model.card.steadiness if options.calibrate else None
            is_decided = first.verdict in ("fake", "real")
            # A flip makes a verdict uncertain: it changes nothing that is not decided.
            if not is_decided or not is_close(logit, calibrator, threshold, steadiness):
                return first
    logits = {name: model.log_odds(each) for name, each in perturbed_crops(crop).items()}
    return verdict(check_consistency(logit, logits, calibrator, threshold))


def _suspicion(verdict: Verdict) -> tuple[bool, float]:
    """Order of faces: in-distribution ones first, then by the probability of Fake."""
    return verdict.verdict != "out_of_scope", verdict.fake


def _several_faces(count: int, classified: int, leading: int) -> list[Reason]:
    if count == 1:
        return []
    largest = "" if classified == count else f", the {classified} largest were classified"
    text = (
        f"{count} faces were found{largest}; this verdict is on number {leading + 1} by size, "
        "which looks most like Fake"
    )
    return [Reason(code="several_faces", message=text)]
