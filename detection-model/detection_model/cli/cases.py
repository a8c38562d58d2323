"""Reported verdicts: `detection-model eval cases`, and their replay by `eval run --cases`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from detection_model.cli import common
from detection_model.evaluation.cases import CaseFile, CaseVerdict, read_cases

if TYPE_CHECKING:
    from detection_model.evaluation.cases import Replay

_HASH = 12
_STYLES = {"regressed": "bold red", "fixed": "green", "still wrong": "red", "wrong": "red"}


def cases(
    folder: Annotated[Path, typer.Argument(help="Folder of case files, written by the service.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """List the case files of reported verdicts: what people claim and what the models answered.

    The service keeps them in cases/ of its state folder. Copy them from a container with
    docker compose cp backend:/state/cases cases

      detection-model eval cases .state/cases

      detection-model eval run v4 --cases .state/cases
    """
    cases = _read_cases(folder)
    if as_json:
        for case in cases:
            typer.echo(case.model_dump_json())
        return
    table = Table("picture", "claimed at", "claimed class", "verdicts", "kept", "note")
    for case in cases:
        claim = case.claim
        table.add_row(
            case.sha256[:_HASH],
            f"{claim.created:%Y-%m-%d %H:%M}",
            claim.really,
            "\n".join(f"{verdict.model}: {_verdict_text(verdict)}" for verdict in claim.verdicts),
            "yes" if case.picture else "no",
            escape(claim.note),
        )
    common.console.print(table)


def replay(model: str, folder: Path, threshold: float | None, models: Path) -> NoReturn:
    """Predict stored cases again, print what changed, and exit with 1 if any got worse."""
    from detection_model.evaluation.cases import replay as replay_cases

    with common.exit_on_error():
        cases = _read_cases(folder)
        detector = common.load_detector(model, models)
        with common.progress_bar("predicting") as progress:
            outcome = replay_cases(detector, folder, cases, threshold=threshold, progress=progress)
    for bad in outcome.bad:
        common.warn_bad(bad)
    _print_replay(outcome)
    raise typer.Exit(int(outcome.count("regressed") > 0))


def _read_cases(folder: Path) -> list[CaseFile]:
    with common.exit_on_error():
        cases, bad = read_cases(folder)
    for file in bad:
        common.warn_bad(file)
    return cases


def _print_replay(outcomes: "Replay") -> None:
    table = Table("picture", "claimed class", "before", "now", "outcome")
    for result in outcomes.replayed:
        outcome, style = result.outcome, _STYLES.get(result.outcome, "")
        before = _verdict_text(result.before) if result.before else "not run"
        now = f"{result.now.verdict}, {result.now.fake:.1%} Fake"
        text = f"[{style}]{outcome}[/]" if style else outcome
        table.add_row(result.case.sha256[:_HASH], result.label, before, now, text)
    common.console.print(table)
    right = outcomes.count("fixed", "still right", "right")
    common.say(
        f"{right} of {len(outcomes.replayed)} are right now: {outcomes.count('fixed')} fixed, "
        f"{outcomes.count('regressed')} regressed, {outcomes.count('still wrong')} still wrong."
    )
    common.say(
        f"Not replayed: {len(outcomes.without_picture)} without a picture, "
        f"{len(outcomes.unsure)} whose sender is unsure, {len(outcomes.bad)} unusable."
    )


def _verdict_text(verdict: CaseVerdict) -> str:
    return f"{verdict.verdict}, {verdict.fake:.1%} Fake"
