"""`detection-model benchmark`."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from detection_model.cli import common
from detection_model.evaluation.deliveries import DELIVERIES, ORIGINAL

# What mostly happens to a portrait before it is looked at, each at a strength that is common.
USUAL = (ORIGINAL, "alike", "jpeg-q40", "resize-0.5")


def command(
    data: Annotated[
        Path, typer.Option(help="Data set; several become one by `detection-model collect`.")
    ],
    model: Annotated[
        list[str] | None, typer.Option(help="Published name; default: every one. Repeat.")
    ] = None,
    delivery: Annotated[
        list[str] | None,
        typer.Option(help=f"One of {', '.join(DELIVERIES)}; repeat.", show_default=False),
    ] = None,
    models: common.ModelsOption = common.MODELS,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Measure every published model on the test pictures of one data set, and write NAME.eval.

    One row for each generator and delivery, with 95 % bootstrap intervals. `make benchmark-quality`
    runs this and writes the tables of README.md from it.

      detection-model benchmark --data data/All
    """
    from detection_model.evaluation import evaluate as evaluation
    from detection_model.evaluation.rows import warnings

    deliveries = delivery or list(USUAL)
    if unknown := [name for name in deliveries if name not in DELIVERIES]:
        common.refuse(f"no delivery {unknown[0]}: choose from {', '.join(DELIVERIES)}")
    names = model or sorted(path.stem for path in models.glob("*.keras"))
    chosen = [word for name in delivery or () for word in ("--delivery", name)]
    loud: dict[str, None] = {}
    for name in names:
        with common.refusals(), common.progress_bar(name) as judging:
            detector = common.load_detector(name, models)
            words = ["--data", f"data/{data.name}", "--model", name, *chosen]
            result = evaluation.evaluate(
                detector,
                data,
                split="test",
                threshold=None,
                deliveries=deliveries,
                logs=logs,
                command=shlex.join(["detection-model", "benchmark", *words]),
                judging=judging,
            )
        for bad in result.bad:
            common.warn_bad(bad)
        evaluation.save(result, detector.path.with_suffix(".eval"))
        loud |= dict.fromkeys(warnings(result.evaluation))
        common.console.print(f"{name}: saved in {detector.path.stem}.eval", highlight=False)
    for text in loud:
        common.errors.print(f"[bold red]WARNING:[/] {text}", highlight=False, soft_wrap=True)
