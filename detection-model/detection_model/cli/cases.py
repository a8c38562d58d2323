"""`detection-model cases`, and what `detection-model evaluate --cases` prints."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from detection_model.cli import common
from detection_model.evaluation.cases import CaseFile, CaseVerdict, read_cases

if TYPE_CHECKING:
    from detection_model.evaluation.replay import Replay

_HASH = 12
_STYLES = {"regressed": "bold red", "fixed": "green", "still wrong": "red", "wrong": "red"}


def command(
    folder: Annotated[Path, typer.Argument(help="Case files, as the service keeps them.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a case.")] = False,
) -> None:
    """List the case files that "This verdict is wrong" left: what people say, what models said.

    The service keeps them in cases/ of its state folder. From a container they are copied with
    docker compose cp backend:/state/cases cases

      detection-model cases .state/cases

      detection-model evaluate v4 --cases .state/cases
    """
    cases = _read(folder)
    if as_json:
        for case in cases:
            typer.echo(case.model_dump_json())
        return
    table = Table("picture", "claimed at", "is said to be", "models said", "kept", "note")
    for case in cases:
        claim = case.claim
        table.add_row(
            case.sha256[:_HASH],
            f"{claim.created:%Y-%m-%d %H:%M}",
            claim.really,
            "\n".join(f"{one.model}: {_said(one)}" for one in claim.verdicts),
            "yes" if case.picture else "no",
            escape(claim.note),
        )
    common.console.print(table)


def replay(model: str, folder: Path, threshold: float | None, models: Path) -> NoReturn:
    """Judge kept cases again, say what changed, and exit with 1 where one got worse."""
    from detection_model.evaluation.replay import replay as replay_cases

    with common.refusals():
        cases = _read(folder)
        detector = common.load_detector(model, models)
        with common.progress_bar("judging") as judging:
            found = replay_cases(detector, folder, cases, threshold=threshold, progress=judging)
    for bad in found.bad:
        common.warn_bad(bad)
    _print(found)
    raise typer.Exit(int(found.count("regressed") > 0))


def _read(folder: Path) -> list[CaseFile]:
    with common.refusals():
        cases, bad = read_cases(folder)
    for one in bad:
        common.warn_bad(one)
    return cases


def _print(found: "Replay") -> None:
    table = Table("picture", "is said to be", "before", "now", "outcome")
    for one in found.replayed:
        outcome, style = one.outcome, _STYLES.get(one.outcome, "")
        before = _said(one.before) if one.before else "not asked"
        now = f"{one.now.verdict}, {one.now.fake:.1%} Fake"
        shown = f"[{style}]{outcome}[/]" if style else outcome
        table.add_row(one.case.sha256[:_HASH], one.label, before, now, shown)
    common.console.print(table)
    right = found.count("fixed", "still right", "right")
    say = common.console.print
    say(
        f"{right} of {len(found.replayed)} are right now: {found.count('fixed')} fixed, "
        f"{found.count('regressed')} regressed, {found.count('still wrong')} still wrong.",
        highlight=False,
    )
    say(
        f"Not replayed: {len(found.without_picture)} without a picture, {len(found.unsure)} whose "
        f"sender is unsure, {len(found.bad)} unusable.",
        highlight=False,
    )


def _said(verdict: CaseVerdict) -> str:
    return f"{verdict.verdict}, {verdict.fake:.1%} Fake"
