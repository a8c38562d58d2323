"""Results of a job as a table."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from app.schemas.jobs import JobPicture
from app.storage.database import StoreUnavailable
from detection_model.provenance.record import Statement

COLUMNS = (
    *("file", "model", "verdict", "prediction", "probability_fake", "threshold"),
    *("threshold_source", "logit", "sha256", "width", "height", "format", "size_bytes"),
    *("model_sha256", "error", "message", "faces"),
    *("provenance", "provenance_by", "provenance_where", "provenance_trust"),
    *("position", "label", "outcome", "copy_of"),
)
# Spreadsheets run cells that begin like this as formulas (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(results: Iterable[JobPicture]) -> Iterator[str]:
    """One line for each file and model; a file without a verdict has one line with the reason.

    Reads the first result before it yields, so that a failing store is an error and not an empty
    table. If the store fails later, the last line says that the table is incomplete.

    Raises:
        StoreUnavailable: after that line, so that the transfer ends as broken.
    """
    pictures = iter(results)
    first = next(pictures, None)
    yield _line(COLUMNS)
    try:
        for picture in chain([] if first is None else [first], pictures):
            yield from _picture_lines(picture)
    except StoreUnavailable:
        message = "This table is incomplete: the database failed. Download it again."
        yield _line(_cells({"error": "store_unavailable", "message": message}))
        raise


def _picture_lines(picture: JobPicture) -> Iterator[str]:
    image = picture.image.model_dump() if picture.image else {}
    common = {
        **image,
        "file": _text(picture.file),
        "message": picture.message,
        "position": picture.position,
        "label": picture.label,
        "copy_of": picture.copy_of,
        **_provenance(picture.provenance),
    }
    if picture.error is not None:
        yield _line(_cells({**common, "error": picture.error}))
    for verdict in picture.verdicts:
        fake = f"{verdict.probability.fake:.6f}"
        cells = {"probability_fake": fake, "outcome": picture.outcome(verdict.model)}
        yield _line(_cells({**common, **verdict.model_dump(), **cells}))


def _provenance(statement: Statement | None) -> dict[str, object]:
    """Cells with the file's statement on its origin, in the file's own words."""
    if statement is None:
        return {}
    return {
        "provenance": statement.claim,
        "provenance_by": statement.by and _text(statement.by),
        "provenance_where": statement.where,
        "provenance_trust": statement.trust,
    }


def _cells(values: dict[str, object]) -> list[object]:
    return [values.get(column) for column in COLUMNS]


def _text(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name


def _line(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
