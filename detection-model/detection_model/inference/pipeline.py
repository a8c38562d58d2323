"""One model's verdicts on a picture: on each face it was made for, and what that comes to.

The same for the library and the service, which differ only in what runs the model.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from detection_model.card import Calibrator, Card, NoCalibrator
from detection_model.faces import Face
from detection_model.inference.consistency import VARIATIONS, When, is_close, stability
from detection_model.inference.image import Scene, View
from detection_model.inference.ood import outside
from detection_model.inference.verdict import Reason, Stability, Verdict, judge

# Log-odds of Fake, before calibration.
Scorer = Callable[[View], float]
Judged = Literal["face", "whole"]


@dataclass(frozen=True)
class Terms:
    """How a model is asked.

    Args:
        card: of the model.
        threshold: in force.
        assumptions: about a model without a card.
        face_margin: of the card's input; of an ensemble, that of the first member that has one.
            None: the model judges whole pictures.
        calibrate: use the card's calibrator, and what was fitted with it.
        whole: judge the whole picture although the model was made for faces.
        stability: when small changes are tried.
    """

    card: Card
    threshold: float
    assumptions: Sequence[str] = ()
    face_margin: float | None = None
    calibrate: bool = True
    whole: bool = False
    stability: When = "never"

    @property
    def looks_for_faces(self) -> bool:
        """Whether faces are judged rather than the whole picture."""
        return self.face_margin is not None and not self.whole

    @property
    def calibrator(self) -> Calibrator:
        """The one in use."""
        return self.card.calibrator if self.calibrate else NoCalibrator()


@dataclass(frozen=True)
class FaceVerdict:
    """What is said of one face."""

    face: Face
    verdict: Verdict


@dataclass(frozen=True)
class Examination:
    """What a model says of a picture.

    `verdict` is that of the face that looks most like Fake among those that the model was made
    for, or of the whole picture. `faces` are the judged ones, the largest first; `found` counts
    all, and is None where faces were not looked for.
    """

    verdict: Verdict
    judged: Judged
    found: int | None
    faces: list[FaceVerdict]


def examine(scene: Scene, terms: Terms, score: Scorer) -> Examination:
    """Judge each face of a picture, or the whole of it where there is none or so asked."""
    if not terms.looks_for_faces:
        asked = terms.whole and terms.face_margin is not None
        verdict = _judge(scene.whole, terms, score, [])
        return Examination(_with(verdict, [_WHOLE] if asked else []), "whole", None, [])
    if not scene.faces:
        return Examination(_judge(scene.whole, terms, score, [_NO_FACE]), "whole", 0, [])
    faces = [
        FaceVerdict(face, _judge(view, terms, score, []))
        for face, view in zip(scene.faces, scene.portraits, strict=False)
    ]
    verdicts = [one.verdict for one in faces]
    worst = max(verdicts, key=lambda one: (one.verdict != "out_of_scope", one.fake))
    several = _several(len(scene.faces), len(faces), verdicts.index(worst))
    return Examination(_with(worst, several), "face", len(scene.faces), faces)


def face_margin(cards: Iterable[Card]) -> float | None:
    """The first margin among the cards of what judges together; None where all want the whole."""
    margins = (card.input.face_margin for card in cards)
    return next((margin for margin in margins if margin is not None), None)


_NO_FACE = Reason(
    code="no_face",
    message="no face was found, and the model was made for faces; "
    "the probability is that of the whole picture",
)
_WHOLE = Reason(
    code="whole_picture",
    message="the whole picture was judged, as asked; the model was made for cut-outs of faces",
)


def _judge(view: View, terms: Terms, score: Scorer, outside_: Sequence[Reason]) -> Verdict:
    logit = score(view)
    beyond = [*outside_]
    if terms.face_margin is not None:
        beyond += outside(view, terms.face_margin, terms.card)
    # Its limits were fitted on cut-outs of faces, and hold for nothing else.
    as_fitted = terms.calibrate and (terms.face_margin is None or view.face is not None)
    return judge(
        logit,
        calibrator=terms.calibrator,
        threshold=terms.threshold,
        assumptions=terms.assumptions,
        conformal=terms.card.conformal if as_fitted else None,
        stability=_tried(view, logit, terms, score, is_outside=bool(beyond)),
        outside=beyond,
    )


def _tried(
    view: View, logit: float, terms: Terms, score: Scorer, *, is_outside: bool
) -> Stability | None:
    calibrator, threshold = terms.calibrator, terms.threshold
    steadiness = terms.card.steadiness if terms.calibrate else None
    close = is_close(logit, calibrator, threshold, steadiness)
    if terms.stability == "never" or (terms.stability == "auto" and (is_outside or not close)):
        return None
    changed = {name: score(view.changed(variation.apply)) for name, variation in VARIATIONS.items()}
    return stability(logit, changed, calibrator, threshold)


def _several(found: int, judged: int, worst: int) -> list[Reason]:
    if found == 1:
        return []
    largest = "" if judged == found else f", the {judged} largest were judged"
    text = (
        f"{found} faces were found{largest}; this is the verdict on number {worst + 1} by size, "
        "which looks most like Fake"
    )
    return [Reason(code="several_faces", message=text)]


def _with(verdict: Verdict, more: Sequence[Reason]) -> Verdict:
    if not more:
        return verdict
    return verdict.model_copy(update={"explained": [*verdict.explained, *more]})
