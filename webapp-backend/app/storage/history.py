"""Past verdicts. Pictures are not stored, only what identifies them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from pydantic import ValidationError
from sqlalchemy import ColumnElement, CursorResult, delete, func, or_, select
from sqlalchemy.orm import Session, selectinload, undefer

from app.schemas.base import Probability
from app.schemas.history import HistoryEntry, HistoryEntryAnswer, HistoryImage, HistoryVerdict
from app.schemas.predict import Comparison
from app.storage.database import Database
from app.storage.tables import HistoryRow, VerdictRow
from detection_model.card import ClassName
from detection_model.inference.verdict import VerdictName
from detection_model.provenance.record import Statement

# Entries in one statement, so that no statement reaches the database's time limit.
_DELETED_AT_ONCE = 2000


class NewEntry(NamedTuple):
    """Stored facts of one classified upload."""

    created: datetime
    image: HistoryImage
    verdicts: list[HistoryVerdict]
    provenance: Statement
    answer: Comparison


@dataclass(frozen=True)
class HistoryFilter:
    """Filter on entries; None matches all.

    `model`, `prediction` and `verdict` apply to the same verdict of an entry.
    """

    model: str | None = None
    prediction: ClassName | None = None
    verdict: VerdictName | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: Sequence[int] | None = None


class HistoryStore:
    """Blocks, so call it outside the event loop. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entries: Iterable[NewEntry]) -> None:
        """Write entries, all or none."""
        with self._database.session() as session:
            session.add_all(_row(entry) for entry in entries)

    def page(
        self, query: HistoryFilter, limit: int, offset: int, *, by_picture: bool = False
    ) -> tuple[int, list[HistoryEntry]]:
        """Total number of matching entries, and one page of them, newest first.

        `by_picture` counts and returns only the newest matching entry of each picture.
        """
        conditions = _conditions(query)
        matching = select(HistoryRow.id).where(*conditions)
        if by_picture:
            newest = select(func.max(HistoryRow.id)).where(*conditions)
            matching = newest.group_by(HistoryRow.sha256)
        page = (
            select(HistoryRow)
            .where(HistoryRow.id.in_(matching))
            .order_by(HistoryRow.id.desc())
            .limit(limit)
            .offset(offset)
            .options(selectinload(HistoryRow.verdicts))
        )
        with self._database.session() as session:
            total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
            entries = [_entry(row) for row in session.scalars(page)]
            if by_picture:
                _add_same_picture(session, conditions, entries)
            return total, entries

    def get(self, entry: int) -> HistoryEntryAnswer | None:
        """One entry with its complete answer; None: unknown."""
        with self._database.session() as session:
            row = session.get(HistoryRow, entry, options=[undefer(HistoryRow.answer)])
            if row is None:
                return None
            return HistoryEntryAnswer(entry=_entry(row), answer=_answer(row.answer))

    def delete(self, query: HistoryFilter) -> int:
        """Delete the matching entries, a batch at a time, and return their number.

        Those written meanwhile stay. After an error, the batches before it are deleted.
        """
        with self._database.session() as session:
            newest = session.scalar(select(func.max(HistoryRow.id))) or 0
        batch = (
            select(HistoryRow.id)
            .where(*_conditions(query), HistoryRow.id <= newest)
            .limit(_DELETED_AT_ONCE)
        )
        total = 0
        while deleted := self._delete(HistoryRow.id.in_(batch)):
            total += deleted
        return total

    def delete_one(self, entry: int) -> bool:
        """Delete one entry; returns whether it existed."""
        return self._delete(HistoryRow.id == entry) > 0

    def _delete(self, *conditions: ColumnElement[bool]) -> int:
        # Verdicts go with their entry: the foreign key cascades.
        with self._database.session() as session:
            done = session.execute(delete(HistoryRow).where(*conditions))
            return cast(CursorResult[Any], done).rowcount


def _conditions(query: HistoryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    of_verdict = [
        column == value
        for column, value in (
            (VerdictRow.model, query.model),
            (VerdictRow.prediction, query.prediction),
            (VerdictRow.verdict, query.verdict),
        )
        if value is not None
    ]
    if of_verdict:
        conditions.append(HistoryRow.id.in_(select(VerdictRow.entry_id).where(*of_verdict)))
    if query.ids is not None:
        conditions.append(HistoryRow.id.in_(query.ids))
    if query.search:
        conditions.append(
            or_(
                HistoryRow.file_name.icontains(query.search, autoescape=True),
                HistoryRow.sha256.startswith(query.search.lower(), autoescape=True),
            )
        )
    if query.since is not None:
        conditions.append(HistoryRow.created >= query.since)
    if query.until is not None:
        conditions.append(HistoryRow.created < query.until)
    return conditions


def _row(entry: NewEntry) -> HistoryRow:
    image = entry.image
    return HistoryRow(
        created=entry.created,
        file_name=image.name,
        provenance=entry.provenance.model_dump_json(),
        answer=entry.answer.model_dump_json(),
        **image.model_dump(exclude={"name"}),
        verdicts=[
            VerdictRow(
                fake=verdict.probability.fake,
                **verdict.model_dump(exclude={"probability"}),
            )
            for verdict in entry.verdicts
        ],
    )


def _entry(row: HistoryRow) -> HistoryEntry:
    return HistoryEntry(
        id=row.id,
        created=row.created,
        provenance=Statement.model_validate_json(row.provenance) if row.provenance else None,
        image=HistoryImage(
            name=row.file_name,
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            width=row.width,
            height=row.height,
            format=row.format,
            faces=row.faces,
        ),
        verdicts=[
            HistoryVerdict.model_validate(
                {
                    **{name: getattr(verdict, name) for name in _STORED},
                    "probability": Probability(real=1 - verdict.fake, fake=verdict.fake),
                }
            )
            for verdict in row.verdicts
        ],
    )


def _answer(stored: str | None) -> Comparison | None:
    try:
        return Comparison.model_validate_json(stored) if stored else None
    except ValidationError:  # of an older version, which lacked some fields
        return None


def _add_same_picture(
    session: Session, conditions: list[ColumnElement[bool]], entries: list[HistoryEntry]
) -> None:
    ids = {entry.image.sha256: entry.same_picture for entry in entries}
    rows = (
        select(HistoryRow.sha256, HistoryRow.id)
        .where(*conditions, HistoryRow.sha256.in_(ids))
        .order_by(HistoryRow.id.desc())
    )
    for sha256, entry in session.execute(rows):
        ids[sha256].append(entry)


_STORED = HistoryVerdict.model_fields.keys() - {"probability"}
