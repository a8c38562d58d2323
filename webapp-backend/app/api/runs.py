"""/api/runs: training curves, read from the event files."""

from fastapi import APIRouter

from app.api.deps import ServiceDep, refusals
from app.core.errors import NotFoundError
from app.schemas.runs import (
    RunDetail,
    RunFacts,
    RunList,
    RunPoint,
    RunProblem,
    RunSeries,
    RunSummary,
)
from detection_model.training.logs import Run, Series
from detection_model.training.run import RunRecord

router = APIRouter(prefix="/api", tags=["runs"])


@router.get("/runs", operation_id="list_runs")
def list_runs(service: ServiceDep) -> RunList:
    """Every training run below the logs folder, newest first, with its last values."""
    return RunList(runs=[_summary(run) for run in service.runs.all()])


@router.get("/runs/{name:path}", operation_id="get_run", responses=refusals(404, 422))
def get_run(service: ServiceDep, name: str) -> RunDetail:
    """One run with every point of every curve; a running one grows."""
    run = next((run for run in service.runs.all() if run.name == name), None)
    if run is None:
        raise NotFoundError("unknown_run", f"No run {name[:200]} in the logs folder.")
    return RunDetail(
        run=_summary(run),
        series=[
            RunSeries(part=s.part, tag=s.tag, steps=s.steps, times=s.times, values=s.values)
            for s in run.series
        ],
    )


def _summary(run: Run) -> RunSummary:
    record = run.record
    return RunSummary(
        name=run.name,
        model=record.config.name if record else run.name.partition("/")[0],
        status=record.status if record else "unknown",
        started=run.started,
        updated=run.updated,
        last=[_last(series) for series in run.series],
        problems=[RunProblem(file=file, code=code) for file, code in run.problems.items()],
        facts=_facts(record) if record else None,
    )


def _last(series: Series) -> RunPoint:
    return RunPoint(
        part=series.part,
        tag=series.tag,
        step=series.steps[-1],
        value=series.values[-1],
        points=len(series.steps),
    )


def _facts(record: RunRecord) -> RunFacts:
    config = record.config
    return RunFacts.model_validate(
        {
            **config.model_dump(exclude={"data"}),
            **record.model_dump(exclude={"config"}),
            # Only its name: a path may reveal details of the machine.
            "data": config.data_name,
        }
    )
