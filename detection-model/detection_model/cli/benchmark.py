"""`detection-model benchmark`."""

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from detection_model.card import file_sha256
from detection_model.cli import common
from detection_model.data.decoding import fingerprint
from detection_model.data.folders import find_data
from detection_model.evaluation.perturbations import DELIVERIES, ORIGINAL

# What mostly happens to a portrait before it is looked at, each at a strength that is common.
USUAL = (ORIGINAL, "alike", "jpeg-q40", "resize-0.5")


def command(
    data: Annotated[
        list[str],
        typer.Option(
            help="Data set; FOLDER=GENERATOR,NAME where one made all its fakes, and by another "
            "name than the folder's (either may be empty); repeat. A folder for each generator "
            "(`detection-model collect`) gives a row for each."
        ),
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
    """Measure every published model on the test pictures of every data set, and write NAME.eval.

    The set that a model was trained on comes first there, for pages quote the first row. One row
    for each generator and delivery, with 95 % bootstrap intervals. `make benchmark-quality` runs
    this and writes the tables of README.md from it.

      detection-model benchmark --data data/All --data data/Dataset=StyleGAN
    """
    from detection_model.evaluation import evaluate as evaluation
    from detection_model.evaluation.rows import warnings

    deliveries = delivery or list(USUAL)
    if unknown := [name for name in deliveries if name not in DELIVERIES]:
        common.refuse(f"no delivery {unknown[0]}: choose from {', '.join(DELIVERIES)}")
    names = model or sorted(path.stem for path in models.glob("*.keras"))
    sets = [_Set.parse(text) for text in data]
    words = [word for one in sets for word in ("--data", one.said)]
    chosen = [word for one in delivery or () for word in ("--delivery", one)]
    loud: dict[str, None] = {}
    for name in names:
        command = shlex.join(["detection-model", "benchmark", *words, "--model", name, *chosen])
        with common.refusals(), common.progress_bar(name) as judging:
            detector = common.load_detector(name, models)
            training = detector.card.training
            own = training.data_fingerprint if training else None
            results = [
                evaluation.evaluate(
                    detector,
                    one.folder,
                    split="test",
                    threshold=None,
                    dataset=one.name,
                    generator=one.generator,
                    deliveries=deliveries,
                    logs=logs,
                    command=command,
                    judging=judging,
                )
                for one in sorted(sets, key=lambda one: own is None or one.fingerprint != own)
            ]
            result = evaluation.together(results, command)
        for bad in result.bad:
            common.warn_bad(bad)
        evaluation.save(result, detector.path.with_suffix(".eval"))
        loud |= dict.fromkeys(warnings(result.evaluation))
        common.console.print(f"{name}: saved in {detector.path.stem}.eval", highlight=False)
    for text in loud:
        common.errors.print(f"[bold red]WARNING:[/] {text}", highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class _Set:
    """A data set as it was named."""

    folder: Path
    generator: str | None
    name: str | None

    @classmethod
    def parse(cls, text: str) -> "_Set":
        folder, _, rest = text.partition("=")
        generator, _, name = rest.partition(",")
        return cls(Path(folder), generator or None, name or None)

    @property
    def said(self) -> str:
        """The same for a reader who has the data set in data/."""
        named = f"{self.generator or ''}{',' if self.name else ''}{self.name or ''}"
        return f"data/{self.folder.name}{'=' if named else ''}{named}"

    @cached_property
    def fingerprint(self) -> str:
        """That of a model which was trained on it."""
        train = find_data(self.folder).splits.get("train", [])
        return fingerprint((one, file_sha256(one.path)) for one in train)
