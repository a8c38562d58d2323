"""Texts of a report: graded as evidence, never as proof."""

from pydantic import BaseModel

from app.schemas.predict import Prediction
from app.schemas.report import ReportForensics
from detection_model.forensics.common import TEXTS
from detection_model.forensics.double_compression import DoubleCompression, double_compression
from detection_model.forensics.jpeg import Jpeg, jpeg
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
    "A detector can be wrong either way. Its verdict is one hint beside others, never a proof.",
    "That no sign was found does not mean that the picture is authentic.",
    "Probabilities hold for pictures like those that the model was measured on. Saving anew, "
    "scaling, cropping, filters and generators that it has not met can turn a verdict.",
    "A heat map shows what moved the model, not what is wrong with the picture.",
    "Metadata is lost on most ways through the web, and anyone can write it. Only a signature "
    "that holds cannot be made up.",
)


def forensic_findings(data: bytes, picture: Picture) -> list[ReportForensics]:
    """The views that can be told in words, of a file that was decoded."""
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


def stability(found: Prediction) -> str:
    """Sentence on the consistency check."""
    if found.stability is None:
        return "not tried"
    changes = found.stability.changes
    turned = [one.label for one in changes if one.prediction != found.prediction]
    if not turned:
        return f"holds under {len(changes)} small changes"
    return f"turns when the picture is {' or '.join(turned)}"


def conformal(found: ConformalSet | None) -> str:
    """Sentence on the conformal set."""
    if found is None:
        return "not known"
    classes = " or ".join(found.classes) or "like neither class"
    return f"{classes}, at {found.coverage:.0%} coverage"


def _finding(numbers: BaseModel) -> str:
    match numbers:
        case Jpeg(quality=None):
            return f"The file is {numbers.format}: it has no JPEG tables."
        case Jpeg():
            whose = "libjpeg's own tables" if numbers.libjpeg else "tables that are not libjpeg's"
            return f"Saved as JPEG of about quality {numbers.quality}, with {whose}."
        case DoubleCompression(hint=True):
            return f"There are traces of an earlier compression as {numbers.earlier}."
    return "No trace of an earlier compression was found; there may have been one all the same."
