"""Judges the pictures of case files again: a regression set of what people complained about."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detection_model.card import ClassName
from detection_model.data.decoding import BadPicture, Progress
from detection_model.evaluation.cases import CaseFile, CaseVerdict, verdict_of
from detection_model.evaluation.scoring import Judge
from detection_model.imaging import ImageError
from detection_model.inference.pipeline import PredictOptions, predict
from detection_model.inference.verdict import Verdict

Outcome = Literal["fixed", "regressed", "still right", "still wrong", "right", "wrong"]


@dataclass(frozen=True)
class Replayed:
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
        """What became of the verdict."""
        if self.before is None:
            return "right" if self.is_right else "wrong"
        if self.before.prediction == self.label:
            return "still right" if self.is_right else "regressed"
        return "fixed" if self.is_right else "still wrong"


@dataclass(frozen=True)
class Replay:
    """What came of all cases; those in `bad` have a picture that is not the one they tell of."""

    replayed: list[Replayed]
    without_picture: list[CaseFile]
    unsure: list[CaseFile]
    bad: list[BadPicture]

    def count(self, *outcomes: Outcome) -> int:
        """Replayed cases with one of these outcomes."""
        return sum(one.outcome in outcomes for one in self.replayed)


def replay(
    judge: Judge,
    folder: Path,
    cases: Sequence[CaseFile],
    *,
    threshold: float | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Replay:
    """Judge every kept picture whose class is claimed, as the service would.

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
        elif isinstance(result := _replayed(judge, folder, case, case.label, threshold), Replayed):
            found.replayed.append(result)
        else:
            found.bad.append(result)
        progress(done, len(kept))
    return found


def _replayed(
    judge: Judge, folder: Path, case: CaseFile, label: ClassName, threshold: float | None
) -> Replayed | BadPicture:
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
    return Replayed(case, label, verdict_of(case.claim.verdicts, judge.path.stem), now)
