"""Jobs, their results, and which worker does which job."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from app.schemas.jobs import ArchiveSummary, Job, JobKind, JobParameters, JobPicture
from app.storage.database import Database
from app.storage.tables import MESSAGE_LENGTH, JobItemRow, JobRow

_ACTIVE = ("waiting", "running")
_PAGE = 500


class Claimable(NamedTuple):
    """State of a job that waits or runs."""

    id: str
    waiting: bool
    beat: int


class Claim(NamedTuple):
    """A job that this worker has claimed; `attempts` counts starts since its last progress."""

    job: Job
    attempts: int


class JobStore:
    """Blocks, so call it outside the event loop. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        job: str,
        file: str | None,
        parameters: JobParameters,
        total: int,
        archive: ArchiveSummary | None = None,
    ) -> Job:
        """Accept a job: of kind explain if the parameters have an `explain` task, else score."""
        row = JobRow(
            id=job,
            kind="explain" if parameters.explain else "score",
            state="waiting",
            file=file,
            parameters=parameters.model_dump_json(),
            total=total,
            archive=archive and archive.model_dump_json(),
        )
        with self._database.session() as session:
            session.add(row)
            session.flush()
            return _job(row)

    def get(self, job: str) -> Job | None:
        """One job."""
        with self._database.session() as session:
            row = session.get(JobRow, job)
            return _job(row) if row else None

    def page(self, limit: int, offset: int, kind: JobKind = "score") -> tuple[int, list[Job]]:
        """Total number of jobs of a kind, and one page of them, newest first."""
        newest = select(JobRow).where(JobRow.kind == kind)
        newest = newest.order_by(JobRow.created.desc(), JobRow.id)
        with self._database.session() as session:
            count = select(func.count(JobRow.id)).where(JobRow.kind == kind)
            total = session.scalar(count) or 0
            return total, [_job(row) for row in session.scalars(newest.limit(limit).offset(offset))]

    def active(self, kind: JobKind = "score") -> int:
        """Number of jobs of a kind that wait or run."""
        with self._database.session() as session:
            count = select(func.count(JobRow.id)).where(JobRow.state.in_(_ACTIVE))
            return session.scalar(count.where(JobRow.kind == kind)) or 0

    def results(self, job: str, limit: int, offset: int) -> list[JobPicture]:
        """Results so far, in the archive's order."""
        page = (
            select(JobItemRow.answer)
            .where(JobItemRow.job_id == job, JobItemRow.position >= offset)
            .order_by(JobItemRow.position)
            .limit(limit)
        )
        with self._database.session() as session:
            return [JobPicture.model_validate_json(answer) for answer in session.scalars(page)]

    def all_results(self, job: str) -> Iterator[JobPicture]:
        """All results so far, a page in memory at a time."""
        offset = 0
        while page := self.results(job, _PAGE, offset):
            yield from page
            offset = page[-1].position + 1

    def answer(self, job: str) -> str | None:
        """The stored JSON of an explanation."""
        query = select(JobItemRow.answer).where(JobItemRow.job_id == job)
        with self._database.session() as session:
            return session.scalar(query)

    def cancel(self, job: str) -> bool:
        """Cancel a job that waits or runs; returns whether it did."""
        with self._database.session() as session:
            ended = update(JobRow).where(JobRow.id == job, JobRow.state.in_(_ACTIVE))
            return _hit(session, ended.values(state="cancelled", finished=datetime.now(UTC)))

    def delete(self, job: str) -> bool:
        """Delete an ended job with its results; returns whether there was one."""
        with self._database.session() as session:
            ended = JobRow.state.not_in(_ACTIVE)
            return _hit(session, delete(JobRow).where(JobRow.id == job, ended))

    def delete_oldest(self, keep: int, kind: JobKind = "score") -> int:
        """Delete all ended jobs of a kind but the newest."""
        ended = (JobRow.state.not_in(_ACTIVE), JobRow.kind == kind)
        newest = select(JobRow.id).where(*ended).order_by(JobRow.created.desc()).limit(keep)
        with self._database.session() as session:
            done = session.execute(delete(JobRow).where(*ended, JobRow.id.not_in(newest)))
            return cast(CursorResult[Any], done).rowcount

    def claimable(self, kind: JobKind = "score") -> list[Claimable]:
        """Jobs of a kind that wait or run, oldest first."""
        query = select(JobRow.id, JobRow.state, JobRow.beat).where(JobRow.state.in_(_ACTIVE))
        query = query.where(JobRow.kind == kind)
        with self._database.session() as session:
            rows = session.execute(query.order_by(JobRow.created, JobRow.id))
            return [Claimable(job, state == "waiting", beat) for job, state, beat in rows]

    def claim(self, job: Claimable, runner: str) -> Claim | None:
        """Claim a job that nobody has changed since it was listed."""
        with self._database.session() as session:
            mine = (
                update(JobRow)
                .where(JobRow.id == job.id, JobRow.state.in_(_ACTIVE), JobRow.beat == job.beat)
                .values(
                    state="running",
                    runner=runner,
                    beat=JobRow.beat + 1,
                    attempts=JobRow.attempts + 1,
                    started=func.coalesce(JobRow.started, datetime.now(UTC)),
                )
            )
            if not _hit(session, mine):
                return None
            row = session.get_one(JobRow, job.id, populate_existing=True)
            return Claim(_job(row), row.attempts)

    def beat(self, job: str, runner: str) -> bool:
        """Send a heartbeat; returns whether the job is still this worker's."""
        with self._database.session() as session:
            return _hit(session, _mine(job, runner).values(beat=JobRow.beat + 1))

    def take_back_attempt(self, job: str, runner: str) -> None:
        """Do not count the last claim: the worker stops in order."""
        with self._database.session() as session:
            counted = _mine(job, runner).where(JobRow.attempts > 0)
            _hit(session, counted.values(attempts=JobRow.attempts - 1))

    def add_results(self, job: str, runner: str, results: Sequence[JobPicture]) -> bool:
        """Store results, each once; returns whether the job is still this worker's.

        Results that are stored already, because the reply to a commit was lost, are skipped.
        """
        with self._database.session() as session:
            if not _hit(session, _mine(job, runner).values(beat=JobRow.beat + 1, attempts=0)):
                return False
            row = session.get_one(JobRow, job, populate_existing=True)
            fresh = [result for result in results if result.position >= row.done]
            session.add_all(
                JobItemRow(job_id=job, position=result.position, answer=result.model_dump_json())
                for result in fresh
            )
            row.done += len(fresh)
            row.failed += sum(result.error is not None for result in fresh)
            if (summary := _archive(row)) is not None:
                for result in fresh:
                    summary.add(result)
                row.archive = summary.model_dump_json()
            return True

    def progress(self, job: str, runner: str, done: int, total: int) -> bool:
        """Store the progress of an explanation; returns whether the job is still this worker's."""
        with self._database.session() as session:
            values = {"done": done, "total": total, "beat": JobRow.beat + 1}
            return _hit(session, _mine(job, runner).values(values))

    def answered(self, job: str, runner: str, answer: str) -> bool:
        """Finish an explanation with its JSON; returns whether the job was still this worker's."""
        values = {"state": "finished", "done": JobRow.total, "finished": datetime.now(UTC)}
        with self._database.session() as session:
            mine = _hit(session, _mine(job, runner).values(values))
            if mine:
                session.add(JobItemRow(job_id=job, position=0, answer=answer))
            return mine

    def end(
        self, job: str, runner: str, state: Literal["finished", "failed"], message: str | None
    ) -> bool:
        """End a job; returns whether it was still this worker's."""
        cut = message and message[:MESSAGE_LENGTH]
        with self._database.session() as session:
            values = {"state": state, "message": cut, "finished": datetime.now(UTC)}
            return _hit(session, _mine(job, runner).values(values))


def _mine(job: str, runner: str) -> Any:
    return update(JobRow).where(
        JobRow.id == job, JobRow.runner == runner, JobRow.state == "running"
    )


def _hit(session: Session, statement: Any) -> bool:
    done = session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], done).rowcount == 1


def _job(row: JobRow) -> Job:
    json = {
        "parameters": JobParameters.model_validate_json(row.parameters),
        "archive": _archive(row),
    }
    columns = {name: getattr(row, name) for name in Job.model_fields.keys() - json.keys()}
    return Job.model_validate({**columns, **json})


def _archive(row: JobRow) -> ArchiveSummary | None:
    return ArchiveSummary.model_validate_json(row.archive) if row.archive else None
