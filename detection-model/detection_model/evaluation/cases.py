"""Case files: pictures of which somebody says that a verdict was wrong.

The service writes `<sha256>.json` for each and, with consent, the picture beside it. `replay`
judges the pictures again. Reading these needs no TensorFlow.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from detection_model.card import ClassName, Sha256
from detection_model.data.decoding import BadPicture, Progress
from detection_model.data.folders import DataError
from detection_model.evaluation.scoring import Model
from detection_model.imaging import ImageError
from detection_model.inference.pipeline import PredictOptions, predict
from detection_model.inference.verdict import Verdict, VerdictName

ClaimedLabel = Literal["real", "fake", "unsure"]

# Of a claim's note, in characters.
MAX_NOTE_LENGTH = 2000
_LABELS: dict[ClaimedLabel, ClassName | None] = {"real": "Real", "fake": "Fake", "unsure": None}


def _printable(text: str) -> str:
    """Without what could steer the terminal of who reads it."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()


class CaseVerdict(BaseModel):
    """One model's verdict at the time of the claim."""

    model: str
    model_sha256: Sha256
    prediction: ClassName
    verdict: VerdictName
    fake: float = Field(description="probability of Fake, calibrated where `calibrated`")
    logit: float = Field(description="log-odds of Fake before calibration")
    calibrated: bool
    threshold: float
    threshold_source: str
    judged: Literal["face", "whole"]


class Claim(BaseModel):
    """A person's claim about a picture, with the service's verdicts at that time."""

    created: datetime
    really: ClaimedLabel = Field(description="what the picture is, as the sender says")
    note: Annotated[str, AfterValidator(_printable)] = Field("", max_length=MAX_NOTE_LENGTH)
    verdicts: tuple[CaseVerdict, ...]
    software: dict[str, str] = Field({}, description="versions of the packages that judged")


class CaseFile(BaseModel):
    """One picture and all claims about it, the newest last: that one counts."""

    schema_version: Literal[1] = 1
    sha256: Sha256 = Field(description="of the picture's file")
    perceptual_hash: str | None = Field(
        None, description="256 bits in hexadecimal, alike for pictures that look alike"
    )
    size_bytes: int
    width: int
    height: int
    format: str
    picture: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}\.[a-z]{1,5}$",
        description="name of the picture's file beside this one; none: there is no consent",
    )
    claims: tuple[Claim, ...] = Field(min_length=1)

    @property
    def claim(self) -> Claim:
        """The one that counts."""
        return self.claims[-1]

    @property
    def label(self) -> ClassName | None:
        """Class of the picture by the newest claim; None if the sender is not sure."""
        return _LABELS[self.claim.really]


def read_case(path: Path) -> CaseFile:
    """Read one case file.

    Raises:
        ValueError: it is none; the message names the field.
        OSError: it cannot be read.
    """
    try:
        return CaseFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ValueError(f"{field}: {first['msg']}") from None


def read_cases(folder: Path) -> tuple[list[CaseFile], list[BadPicture]]:
    """All cases of a folder by their newest claim, oldest first, and the files that are none.

    Raises:
        DataError: no such folder, or not one case in it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    cases, bad = list[CaseFile](), list[BadPicture]()
    for path in sorted(folder.glob("*.json")):
        try:
            cases.append(read_case(path))
        except ValueError as error:
            bad.append(BadPicture(path, str(error)))
        except OSError as error:
            bad.append(BadPicture(path, error.strerror or "cannot be read"))
    if not cases:
        raise DataError(f"{folder}: no case files; the service writes them as SHA256.json")
    return sorted(cases, key=lambda case: case.claim.created), bad


def verdict_of(verdicts: Sequence[CaseVerdict], model: str) -> CaseVerdict | None:
    """The named model's verdict; None if it was not run."""
    return next((verdict for verdict in verdicts if verdict.model == model), None)


Outcome = Literal["fixed", "regressed", "still right", "still wrong", "right", "wrong"]


@dataclass(frozen=True)
class ReplayResult:
    """One case judged again. `before` is none where this model was not asked then."""

    case: CaseFile
    label: ClassName
    before: CaseVerdict | None
    now: Verdict

    @property
    def is_right(self) -> bool:
        """The side of the threshold is the claimed one, whatever the doubts."""
        return self.now.prediction == self.label

    @property
    def outcome(self) -> Outcome:
        """Outcome of the replay."""
        if self.before is None:
            return "right" if self.is_right else "wrong"
        if self.before.prediction == self.label:
            return "still right" if self.is_right else "regressed"
        return "fixed" if self.is_right else "still wrong"


@dataclass(frozen=True)
class Replay:
    """Outcomes of all cases; those in `bad` have a picture with another hash."""

    replayed: list[ReplayResult]
    without_picture: list[CaseFile]
    unsure: list[CaseFile]
    bad: list[BadPicture]

    def count(self, *outcomes: Outcome) -> int:
        """ReplayResult cases with one of these outcomes."""
        return sum(one.outcome in outcomes for one in self.replayed)


def replay(
    judge: Model,
    folder: Path,
    cases: Sequence[CaseFile],
    *,
    threshold: float | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Replay:
    """Model every kept picture whose class is claimed, as the service would.

    Args:
        judge: the model; what it said before is looked up by its file's name.
        folder: where the cases' pictures lie.
        cases: as `read_cases` gives them.
        threshold: instead of the model's own.
        progress: called with (done, total) after each picture.
    """
    found = Replay([], [case for case in cases if case.picture is None], [], [])
    kept = [case for case in cases if case.picture is not None]
    for done, case in enumerate(kept, start=1):
        if case.label is None:
            found.unsure.append(case)
        elif isinstance(
            result := _replayed(judge, folder, case, case.label, threshold), ReplayResult
        ):
            found.replayed.append(result)
        else:
            found.bad.append(result)
        progress(done, len(kept))
    return found


def _replayed(
    judge: Model, folder: Path, case: CaseFile, label: ClassName, threshold: float | None
) -> ReplayResult | BadPicture:
    path = folder / str(case.picture)
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != case.sha256:
            return BadPicture(path, "it is not the picture that its case tells of (sha256)")
        now = predict(judge, data, PredictOptions(threshold=threshold)).verdict
    except ImageError as error:
        return BadPicture(path, error.message)
    except OSError as error:
        return BadPicture(path, error.strerror or "cannot be read")
    return ReplayResult(case, label, verdict_of(case.claim.verdicts, judge.path.stem), now)
