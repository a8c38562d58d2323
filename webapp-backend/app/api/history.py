"""/api/history: past verdicts. Pictures are not kept."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from app.api.deps import ServiceDep, refusals
from app.core.errors import InvalidError, NotFoundError
from app.schemas.history import HistoryDeleted, HistoryEntryAnswer, HistoryPage
from app.storage.history import HistoryFilter
from detection_model.card import ClassName
from detection_model.inference.verdict import VerdictName

router = APIRouter(prefix="/api", tags=["history"])

EntryId = Annotated[int, Field(ge=1, le=2**31 - 1)]


def _filter(
    model: Annotated[
        str | None, Query(max_length=200, description="name of a model that classified it")
    ] = None,
    prediction: Annotated[ClassName | None, Query(description="of any of its verdicts")] = None,
    verdict: Annotated[VerdictName | None, Query(description="of any of its verdicts")] = None,
    search: Annotated[
        str | None,
        Query(max_length=200, description="part of the file's name, or start of its sha256"),
    ] = None,
    since: Annotated[
        datetime | None, Query(description="earliest time; UTC if it has no zone")
    ] = None,
    until: Annotated[
        datetime | None, Query(description="time before which; UTC if it has no zone")
    ] = None,
    ids: Annotated[
        list[EntryId] | None, Query(max_length=200, description="these entries only")
    ] = None,
) -> HistoryFilter:
    for name, value in (("model", model), ("search", search)):
        if value is not None and "\0" in value:  # PostgreSQL cannot compare it
            raise InvalidError("invalid_parameter", f"{name}: Leave out the character NUL (%00).")
    return HistoryFilter(model, prediction, verdict, search, _utc(since), _utc(until), ids)


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise InvalidError("invalid_parameter", f"{value} is not a valid date and time.") from None


FilterDep = Annotated[HistoryFilter, Depends(_filter)]


@router.get("/history", operation_id="list_history", responses=refusals(422, 503))
def list_history(
    service: ServiceDep,
    query: FilterDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    by: Annotated[
        Literal["entry", "picture"],
        Query(description="`picture`: only the newest matching entry of each picture"),
    ] = "entry",
) -> HistoryPage:
    """Past verdicts, newest first. All filters on verdicts apply to the same verdict."""
    total, entries = service.history.page(query, limit, offset, by_picture=by == "picture")
    return HistoryPage(
        total=total,
        limit=limit,
        offset=offset,
        recording=service.settings.history,
        entries=entries,
    )


@router.get("/history/{entry}", operation_id="get_history_entry", responses=refusals(404, 422, 503))
def get_history_entry(service: ServiceDep, entry: Annotated[EntryId, Path()]) -> HistoryEntryAnswer:
    """One entry with its complete answer."""
    answer = service.history.get(entry)
    if answer is None:
        raise _unknown_entry()
    return answer


@router.delete("/history", operation_id="delete_history", responses=refusals(422, 503))
def delete_history(service: ServiceDep, query: FilterDep) -> HistoryDeleted:
    """Delete the entries that match the filter; without a filter, all."""
    return HistoryDeleted(deleted=service.history.delete(query))


@router.delete(
    "/history/{entry}", operation_id="delete_history_entry", responses=refusals(404, 422, 503)
)
def delete_history_entry(service: ServiceDep, entry: Annotated[EntryId, Path()]) -> HistoryDeleted:
    """Delete one entry."""
    if not service.history.delete_one(entry):
        raise _unknown_entry()
    return HistoryDeleted(deleted=1)


def _unknown_entry() -> NotFoundError:
    return NotFoundError("unknown_entry", "There is no such entry; it may be deleted already.")
