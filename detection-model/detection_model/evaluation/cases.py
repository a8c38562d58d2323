"""Case files: pictures whose verdict somebody reported as wrong.

The service writes `<sha256>.json` for each picture and, with consent, the picture itself. `replay`
runs a model on the pictures again. Reading case files needs no TensorFlow.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from detection_model.card import ClassName, Sha256
from detection_model.data.folders import DataError
from detection_model.data.preprocessing import BadPicture, Progress
from detection_model.evaluation.scoring import Model
from detection_model.imaging import ImageError
from detection_model.inference.pipeline import PredictOptions, predict
from detection_model.inference.verdict import Verdict, VerdictName

ClaimedLabel = Literal["real", "fake", "unsure"]

# In characters.
MAX_NOTE_LENGTH = 2000
_LABELS: dict[ClaimedLabel, ClassName | None] = {"real": "Real", "fake": "Fake", "unsure": None}


def _printable(text: str) -> str:
    """Replace characters that could control the reader's terminal."""
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
    really: ClaimedLabel = Field(description="true class of the picture, according to the sender")
    note: Annotated[str, AfterValidator(_printable)] = Field("", max_length=MAX_NOTE_LENGTH)
    verdicts: tuple[CaseVerdict, ...]
    software: dict[str, str] = Field({}, description="package versions at that time")


class CaseFile(BaseModel):
    """One picture and all claims about it, newest last; the newest one counts."""

    schema_version: Literal[1] = 1
    sha256: Sha256 = Field(description="of the picture's file")
    perceptual_hash: str | None = Field(
        None, description="256 bits in hexadecimal, similar for pictures that look similar"
    )
    size_bytes: int
    width: int
    height: int
    format: str
    picture: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}\.[a-z]{1,5}$",
        description="file name of the picture; none: no consent to keep it",
    )
    claims: tuple[Claim, ...] = Field(min_length=1)

    @property
    def claim(self) -> Claim:
        """The newest claim."""
        return self.claims[-1]

    @property
    def label(self) -> ClassName | None:
        """Class of the picture by the newest claim; None if the sender is not sure."""
        return _LABELS[self.claim.really]


def read_case(path: Path) -> CaseFile:
    """Read one case file.

    Raises:
        ValueError: not a case file; the message names the field.
        OSError: the file cannot be read.
    """
    try:
        return CaseFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ValueError(f"{field}: {first['msg']}") from None


def read_cases(folder: Path) -> tuple[list[CaseFile], list[BadPicture]]:
    """All cases of a folder, sorted by newest claim, and the files that are not cases.

    Raises:
        DataError: the folder is missing or has no cases.
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
    """One case, predicted again. `before` is None if this model was not run at the time."""

    case: CaseFile
    label: ClassName
    before: CaseVerdict | None
    now: Verdict

    @property
    def is_right(self) -> bool:
        """The predicted class is the claimed one; uncertainty is ignored."""
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
    """Outcomes of all cases; `bad` lists pictures that are unreadable or have another hash."""

    replayed: list[ReplayResult]
    without_picture: list[CaseFile]
    unsure: list[CaseFile]
    bad: list[BadPicture]

    def count(self, *outcomes: Outcome) -> int:
        """ReplayResult cases with one of these outcomes."""
        return sum(result.outcome in outcomes for result in self.replayed)


def replay(
    model: Model,
    folder: Path,
    cases: Sequence[CaseFile],
    *,
    threshold: float | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Replay:
    """Predict every stored picture that has a claimed class, as the service would.

    Args:
        model: the model; its earlier verdicts are looked up by file name.
        folder: the folder of the cases and pictures.
        cases: from `read_cases`.
        threshold: replaces the model's threshold, in [0, 1].
        progress: called with (done, total) after each picture.
    """
    outcome = Replay([], [case for case in cases if case.picture is None], [], [])
    pictured = [case for case in cases if case.picture is not None]
    for done, case in enumerate(pictured, start=1):
        if case.label is None:
            outcome.unsure.append(case)
        elif isinstance(
            result := _replayed(model, folder, case, case.label, threshold), ReplayResult
        ):
            outcome.replayed.append(result)
        else:
            outcome.bad.append(result)
        progress(done, len(pictured))
    return outcome


def _replayed(
    model: Model, folder: Path, case: CaseFile, label: ClassName, threshold: float | None
) -> ReplayResult | BadPicture:
    path = folder / str(case.picture)
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != case.sha256:
            return BadPicture(path, "the picture does not match its case (sha256)")
        now = predict(model, data, PredictOptions(threshold=threshold)).verdict
    except ImageError as error:
        return BadPicture(path, error.message)
    except OSError as error:
        return BadPicture(path, error.strerror or "cannot be read")
    return ReplayResult(case, label, verdict_of(case.claim.verdicts, model.path.stem), now)
