"""The command line: `detection-model` or `python -m detection_model`."""

import os

# TensorFlow's C++ side logs to stderr from its first import on.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable
from typing import Any

import typer

# TyperGroup parses with Typer's own copy of click, so its contexts are not click's.
from typer.core import TyperGroup

from detection_model.cli import bulk, cases, compare, data, evaluate, image, model, studies, train


class TrainGroup(TyperGroup):
    """Takes a recipe where a subcommand is expected: `train v3` as well as `train sweep v3`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Parse with the subcommand of that name, else with the hidden command `recipe`."""
        if args and args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        return self.commands["recipe"].make_context(info_name, args, parent, **extra)


app = typer.Typer(
    name="detection-model",
    help="""Train, evaluate and use detectors of generated faces.

    Three commands to begin with, given a data set in data/Dataset:

      detection-model train v3 --data data/Dataset --name mine

      detection-model eval run mine --data data/Dataset

      detection-model image predict portrait.jpg --model mine
    """,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Commands = dict[str, Callable[..., None]]
GROUPS: dict[str, tuple[str, Commands]] = {
    "data": (
        "Inspect, merge and make data sets.",
        {
            "inspect": data.inspect,
            "merge": data.merge,
            "manipulate": data.manipulate,
            "synthetic": data.synthetic,
            "spectra": data.spectra,
        },
    ),
    "train": (
        "Train a model, or search and compare settings.",
        {"sweep": studies.sweep, "backbones": studies.backbones, "faults": studies.faults},
    ),
    "eval": (
        "Measure, calibrate and compare models.",
        {
            "run": evaluate.run,
            "calibrate": compare.calibrate,
            "compare": compare.compare,
            "benchmark": compare.benchmark,
            "verdicts": evaluate.verdicts,
            "cases": cases.cases,
        },
    ),
    "model": (
        "Describe, combine and export model files.",
        {
            "card": model.card,
            "convert": model.convert,
            "average": model.average,
            "ensemble": model.ensemble,
            "export": model.export,
        },
    ),
    "image": (
        "Predict, explain and examine single images.",
        {
            "predict": image.predict,
            "explain": image.explain,
            "forensics": image.forensics,
            "provenance": image.provenance,
        },
    ),
}
# The names of these commands before there were groups. They stay, hidden from the help.
OLD_NAMES: Commands = {
    "inspect-data": data.inspect,
    "collect": data.merge,
    "manipulate": data.manipulate,
    "synthetic": data.synthetic,
    "average-spectra": data.spectra,
    "sweep": studies.sweep,
    "backbone-study": studies.backbones,
    "fault-study": studies.faults,
    "evaluate": evaluate.run,
    "calibrate": compare.calibrate,
    "compare": compare.compare,
    "benchmark": compare.benchmark,
    "verdicts": evaluate.verdicts,
    "cases": cases.cases,
    "card": model.card,
    "average": model.average,
    "ensemble": model.ensemble,
    "export": model.export,
    "predict": image.predict,
    "explain": image.explain,
    "forensics": image.forensics,
    "provenance": image.provenance,
}

for _name, (_help, _commands) in GROUPS.items():
    _group = typer.Typer(
        help=_help, no_args_is_help=True, cls=TrainGroup if _name == "train" else TyperGroup
    )
    if _name == "train":
        _group.command("recipe", hidden=True)(train.train)
    for _command, _function in _commands.items():
        _group.command(_command)(_function)
    app.add_typer(_group, name=_name)
app.command("bulk")(bulk.bulk)
for _name, _function in OLD_NAMES.items():
    app.command(_name, hidden=True)(_function)
