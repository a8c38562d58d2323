"""Measuring one model: `detection-model eval run|cases`."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from detection_model.cli import common
from detection_model.evaluation.cases import CaseFile, CaseVerdict, read_cases
from detection_model.evaluation.records import EvaluationRow
from detection_model.evaluation.scoring import FAMILIES, ORIGINAL, in_families

if TYPE_CHECKING:
    from detection_model.evaluation.cases import Replay
    from detection_model.evaluation.evaluate import Result

Split = Literal["train", "validation", "test", "all"]
Sweep = StrEnum("Sweep", {name: name for name in [*FAMILIES, "all"]})  # type: ignore[misc]


def run(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
    data: Annotated[
        Path | None, typer.Option(help="Labelled data set, laid out as for train.")
    ] = None,
    split: Annotated[Split, typer.Option(help="Which part of it.")] = "test",
    sweep: Annotated[
        list[Sweep] | None,
        typer.Option(
            help="Measure also as pictures arrive: re-encoded, scaled, …; alike: all as files of "
            "one size and format. Repeatable.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Instead of the card's.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set in tables; default: its folder's.")
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(help="What made the fakes; default: the folders below that of the class."),
    ] = None,
    from_predictions: Annotated[
        Path | None,
        typer.Option(help="Recompute all figures from this predictions.csv instead of judging."),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(help="Folder of case files: judge what people said was judged wrongly again."),
    ] = None,
    plots: Annotated[bool, typer.Option("--plots", help="Draw the curves as PNG files.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Instead of the folder NAME.eval beside the model.", show_default=False),
    ] = None,
    models: common.ModelsOption = common.MODELS,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Measure a model on labelled pictures; save metrics, curves and every prediction.

    Precision, recall and F1 are those of Fake. Intervals are 95 % bootstrap intervals. Fakes in
    folders below that of the class, such as Test/Fake/StyleGAN, get a row for each folder.

      detection-model eval run v3 --data data/Dataset

      detection-model eval run v3 --data data/Dataset --sweep jpeg --sweep blur --plots

    After another threshold or calibrator came into the card, this needs no pictures:

      detection-model eval run v3 --from-predictions models/v3.eval/predictions.csv

    Complaints are no sample of pictures, so replaying them saves no figures; what was right when
    somebody complained and is wrong now makes the exit status 1:

      detection-model eval run v3 --cases .state/cases
    """
    from detection_model.evaluation import evaluate as evaluation

    if [data, from_predictions, cases].count(None) != 2:
        common.fail("name one of --data, --from-predictions and --cases")
    if cases is not None:
        replay(model, cases, threshold, models)
    given = {"--threshold": threshold, "--dataset": dataset, "--generator": generator}
    with common.exit_on_error():
        if data is None:
            assert from_predictions is not None  # noqa: S101  for the type checker
            path, card, own = common.card_and_threshold(model, models)
            result = evaluation.recompute(
                from_predictions,
                card,
                own if threshold is None else threshold,
                generator=generator,
                command=_reproduced(model, ["--from-predictions", from_predictions.name], given),
            )
        else:
            detector = common.load_detector(model, models)
            path = detector.path
            where = ["--data", f"data/{data.name}", "--split", split]
            where += [word for name in sweep or () for word in ("--sweep", name)]
            with (
                common.progress_bar("reading") as reading,
                common.progress_bar("judging") as judging,
            ):
                result = evaluation.evaluate(
                    detector,
                    data,
                    split=None if split == "all" else split,
                    threshold=threshold,
                    dataset=dataset,
                    generator=generator,
                    deliveries=[ORIGINAL, *in_families(sweep or [])],
                    logs=logs,
                    command=_reproduced(model, where, given),
                    decoding=reading,
                    judging=judging,
                )
    for bad in result.bad:
        common.warn_bad(bad)
    folder = out or path.with_suffix(".eval")
    evaluation.save(result, folder)
    if plots:
        from detection_model.evaluation.plots import save_plots

        save_plots(result, folder)
    _print(result)
    common.console.print(f"Saved in {folder}", highlight=False, soft_wrap=True)


def _print(result: "Result") -> None:
    row = result.row
    table = Table(title=f"{row.dataset}, {row.split}: {row.n_real} real, {row.n_fake} fake")
    for heading in ("metric", "value", "95 % interval"):
        table.add_column(heading)
    for name, found in row.metrics.items():
        table.add_row(name, f"{found.value:.4f}", f"{found.low:.4f} to {found.high:.4f}")
    common.console.print(table)
    matrix = Table(title="confusion matrix")
    for heading in ("", "called Real", "called Fake"):
        matrix.add_column(heading)
    counts = row.confusion
    matrix.add_row("is Real", str(counts.true_real), str(counts.false_fake))
    matrix.add_row("is Fake", str(counts.missed_fake), str(counts.true_fake))
    common.console.print(matrix)
    if result.evaluation.rows[1:]:
        common.console.print(_rows_table(result.evaluation.rows))
    common.console.print(result.classification_report(), highlight=False)
    _warn(result)


def _rows_table(rows: list[EvaluationRow]) -> Table:
    """A line a data set, generator and delivery."""
    from detection_model.evaluation.evaluate import pictures

    shown = {"auc": "AUC", "real_accuracy": "right on real", "fake_accuracy": "right on fake"}
    table = Table("test on", "delivered as", "real", "fake", *shown.values())
    for row in rows:
        cells = [f"{row.metrics[name].value:.3f}" if name in row.metrics else "" for name in shown]
        table.add_row(pictures(row), row.delivery, str(row.n_real), str(row.n_fake), *cells)
    return table


def _warn(result: "Result") -> None:
    from detection_model.evaluation.evaluate import warnings

    for text in warnings(result.evaluation):
        common.errors.print(f"[bold red]WARNING:[/] {text}", highlight=False, soft_wrap=True)


def _reproduced(model: str, where: list[str], given: dict[str, float | str | None]) -> str:
    """The command for a reader who has the data set in data/."""
    words = ["detection-model", "eval", "run", Path(model).stem, *where]
    for option, value in given.items():
        words += [option, str(value)] if value is not None else []
    return shlex.join(words)


_HASH = 12
_STYLES = {"regressed": "bold red", "fixed": "green", "still wrong": "red", "wrong": "red"}


def cases(
    folder: Annotated[Path, typer.Argument(help="Case files, as the service keeps them.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a case.")] = False,
) -> None:
    """List the case files of reported verdicts: what people claim and what the models answered.

    The service keeps them in cases/ of its state folder. From a container they are copied with
    docker compose cp backend:/state/cases cases

      detection-model eval cases .state/cases

      detection-model eval run v4 --cases .state/cases
    """
    cases = _read_cases(folder)
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
            "\n".join(f"{one.model}: {_verdict_text(one)}" for one in claim.verdicts),
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
        with common.progress_bar("judging") as judging:
            found = replay_cases(detector, folder, cases, threshold=threshold, progress=judging)
    for bad in found.bad:
        common.warn_bad(bad)
    _print_replay(found)
    raise typer.Exit(int(found.count("regressed") > 0))


def _read_cases(folder: Path) -> list[CaseFile]:
    with common.exit_on_error():
        cases, bad = read_cases(folder)
    for one in bad:
        common.warn_bad(one)
    return cases


def _print_replay(found: "Replay") -> None:
    table = Table("picture", "is said to be", "before", "now", "outcome")
    for one in found.replayed:
        outcome, style = one.outcome, _STYLES.get(one.outcome, "")
        before = _verdict_text(one.before) if one.before else "not asked"
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


def _verdict_text(verdict: CaseVerdict) -> str:
    return f"{verdict.verdict}, {verdict.fake:.1%} Fake"
