"""Results of a job as a table."""

import csv
import io
from collections.abc import Iterable, Iterator

from app.schemas.jobs import JobPicture

COLUMNS = (
    *("file", "model", "verdict", "prediction", "probability_fake", "threshold"),
    *("threshold_source", "logit", "sha256", "width", "height", "format", "size_bytes"),
    *("model_sha256", "error", "message", "faces"),
)
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(results: Iterable[JobPicture]) -> Iterator[str]:
    """A line a file and model; a file without a verdict has one line, which says why."""
    yield _line(COLUMNS)
    for found in results:
        image = found.image.model_dump() if found.image else {}
        common = {**image, "file": _text(found.file), "message": found.message}
        if found.error is not None:
            yield _line(_cells({**common, "error": found.error}))
        for verdict in found.verdicts:
            fake = f"{verdict.probability.fake:.6f}"
            yield _line(_cells({**common, **verdict.model_dump(), "probability_fake": fake}))


def _cells(values: dict[str, object]) -> list[object]:
    return [values.get(column) for column in COLUMNS]


def _text(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name


def _line(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
