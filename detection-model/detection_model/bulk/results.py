"""The results folder: a list of all pictures, a Parquet file for each part of it, a manifest.

The list is written once and completely, before the first picture is scored. A part's file is
renamed into place when all its rows are there. So the existing files show what is left to do, and
a run that is killed at any time leaves neither half a file nor a row twice.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pydantic import BaseModel

from detection_model.bulk.rows import SCHEMA, Row, Scorer
from detection_model.bulk.sources import Item, list_items

# Parquet readers skip names that begin with _ or a dot when they read the folder.
MANIFEST = "_manifest.json"
LISTING = "_listing.parquet"
CONVERTED = "_converted"
_TEMPORARY = ".unfinished-"

_LISTING = pa.schema([SCHEMA.field(name) for name in Item._fields])


class ResultsError(ValueError):
    """A results folder that cannot be used for this run."""


class Manifest(BaseModel):
    """Contents of a results folder, stored in its `_manifest.json`.

    `cards` is a hash of the model's card, or of the ensemble's and its members'. `counts` has the
    number of pictures by verdict, and by `error: <code>`; None until all are scored.
    """

    sources: list[str]
    model: str
    sha256: list[str]
    cards: str = ""
    engines: list[str]
    threshold: float
    whole: bool
    pictures: int = 0
    parts: int = 0
    counts: dict[str, int] | None = None


class Results:
    """A results folder whose list of pictures is complete."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self._listing = pq.ParquetFile(folder / LISTING)

    def rows(self, part: int) -> int:
        """Number of pictures of a part."""
        return int(self._listing.metadata.row_group(part).num_rows)

    def missing(self) -> list[int]:
        """Parts that are not written yet."""
        present = {path.name for path in self.folder.glob("part-*.parquet")}
        return [n for n in range(self.manifest.parts) if _part_name(n) not in present]

    def items(self, part: int) -> Iterator[Item]:
        """The pictures of a part."""
        for row in self._listing.read_row_group(part).to_pylist():
            yield Item(**row)

    def write(self, part: int, rows: Iterable[Row]) -> None:
        """Write all rows of a part."""
        table = pa.Table.from_pylist(list(rows), SCHEMA)
        temporary = _temporary(self.folder, _part_name(part))
        pq.write_table(table, temporary)
        _publish(temporary, self.folder / _part_name(part))

    def finish(self) -> Manifest:
        """Count the rows, write the final manifest, and remove what killed runs left."""
        counts: Counter[str] = Counter()
        # Not the folder: another file in it must not fail a finished run.
        files = [str(self.folder / _part_name(part)) for part in range(self.manifest.parts)]
        parts = ds.dataset(files, schema=SCHEMA, format="parquet")
        for batch in parts.to_batches(columns=["verdict", "error"]):
            for row in batch.to_pylist():
                counts[row["verdict"] or f"error: {row['error']}"] += 1
        self.manifest.counts = dict(sorted(counts.items()))
        _write_manifest(self.folder, self.manifest)
        for leftover in self.folder.glob(f"{_TEMPORARY}*"):
            leftover.unlink(missing_ok=True)
        return self.manifest


def open_results(folder: Path, sources: list[str], scorer: Scorer, part_size: int) -> Results:
    """Open a results folder, or list the sources into a new one.

    Args:
        folder: is created if missing.
        sources: absolute paths or URIs.
        scorer: must match the scorer that the folder was created with.
        part_size: pictures in each Parquet file, in a new folder.

    Raises:
        ResultsError: the folder holds results of another run, or there are no pictures.
        SourceError: a source does not exist or cannot be listed.
    """
    requested = Manifest(
        sources=sources,
        model=scorer.path.stem,
        sha256=[model.sha256 for model in scorer.models],
        cards=scorer.cards_sha256,
        engines=scorer.engines,
        threshold=scorer.threshold,
        whole=scorer.options.whole,
    )
    path = folder / MANIFEST
    if not path.exists():
        _list_sources(folder, requested, part_size)
    manifest = Manifest.model_validate_json(path.read_bytes())
    for name in ("sources", "sha256", "threshold", "whole"):
        old, new = getattr(manifest, name), getattr(requested, name)
        if old != new:
            raise ResultsError(
                f"{folder} holds results of another run: its {name} is {old}, not {new}. "
                "Choose another folder."
            )
    if manifest.cards != requested.cards:
        raise ResultsError(
            f"{folder} holds results of another run: the model's card was different. "
            "Choose another folder."
        )
    return Results(folder, manifest)


def _list_sources(folder: Path, manifest: Manifest, part_size: int) -> None:
    if any(folder.glob("part-*.parquet")):
        raise ResultsError(f"{folder} holds Parquet files without {MANIFEST}: choose another one")
    temporary = _temporary(folder, LISTING)
    with pq.ParquetWriter(temporary, _LISTING) as writer:
        items = list_items(manifest.sources)
        while part := list(islice(items, part_size)):
            rows = [item._asdict() for item in part]
            writer.write_table(pa.Table.from_pylist(rows, _LISTING))
            manifest.pictures += len(part)
            manifest.parts += 1
    if not manifest.pictures:
        temporary.unlink()
        raise ResultsError(f"no pictures in {', '.join(manifest.sources)}")
    _publish(temporary, folder / LISTING)
    _write_manifest(folder, manifest)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    temporary = _temporary(folder, MANIFEST)
    temporary.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    _publish(temporary, folder / MANIFEST)


def _temporary(folder: Path, name: str) -> Path:
    return folder / f"{_TEMPORARY}{os.getpid()}-{name}"


def _publish(temporary: Path, path: Path) -> None:
    """Make a file appear complete, also after a power cut."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def _part_name(part: int) -> str:
    return f"part-{part:08}.parquet"
