"""Texts of a report. They grade evidence and never claim proof."""

from pydantic import BaseModel

from app.schemas.predict import Prediction
from app.schemas.report import ReportForensics
from detection_model.forensics.common import TEXTS
from detection_model.forensics.jpeg import DoubleCompression, Jpeg, double_compression, jpeg
from detection_model.imaging import Picture
from detection_model.inference.verdict import ConformalSet, Evidence, VerdictName

HEADLINES: dict[VerdictName, str] = {
    "fake": "Signs of generation were found",
    "real": "No sign of generation was found",
    "uncertain": "No clear answer",
    "out_of_scope": "Not a picture that the model was made for",
}
VERDICTS: dict[VerdictName, str] = {
    "fake": "signs of generation",
    "real": "no sign found",
    "uncertain": "uncertain",
    "out_of_scope": "out of scope",
}
EVIDENCE: dict[Evidence, str] = {
    "weak": "weak or none",
    "moderate": "moderate",
    "strong": "strong",
    "very_strong": "very strong",
}
LIMITS = (
    "A detector can be wrong either way. Its verdict is one hint among others, never proof.",
    "No sign of generation does not mean that the picture is authentic.",
    "Probabilities hold for pictures like those that the model was measured on. Re-encoding, "
    "scaling, cropping, filters and unknown generators can change a verdict.",
    "A heat map shows what influenced the model, not what is wrong with the picture.",
    "Most websites remove metadata, and anyone can write it. Only a valid signature cannot be "
    "forged.",
)


def forensic_findings(data: bytes, picture: Picture) -> list[ReportForensics]:
    """Findings of the forensic views that have a text."""
    views = (jpeg(data, picture.pixels), double_compression(data, picture.pixels))
    return [
        ReportForensics(
            view=view.id,
            title=TEXTS[view.id].title,
            finding=_finding(view.numbers),
            limits=TEXTS[view.id].limits,
        )
        for view in views
    ]


def stability(prediction: Prediction) -> str:
    """Sentence on the consistency check."""
    if prediction.stability is None:
        return "not tried"
    changes = prediction.stability.changes
    flips = [change.label for change in changes if change.prediction != prediction.prediction]
    if not flips:
        return f"holds under {len(changes)} small changes"
    return f"changes when the picture is {' or '.join(flips)}"


def conformal(prediction_set: ConformalSet | None) -> str:
    """Sentence on the conformal set."""
    if prediction_set is None:
        return "not known"
    classes = " or ".join(prediction_set.classes) or "like neither class"
    return f"{classes}, at {prediction_set.coverage:.0%} coverage"


def _finding(numbers: BaseModel) -> str:
    match numbers:
        case Jpeg(quality=None):
            return f"The file is {numbers.format}: it has no JPEG tables."
        case Jpeg():
            whose = "libjpeg's own tables" if numbers.libjpeg else "tables that are not libjpeg's"
            return f"Saved as JPEG of about quality {numbers.quality}, with {whose}."
        case DoubleCompression(hint=True):
            return f"There are traces of an earlier compression as {numbers.earlier}."
    return "No trace of an earlier compression was found; one may still have happened."
