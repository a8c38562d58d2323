"""Trains several configurations on the same pictures and writes how they compare."""

import csv
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from detection_model.figures import colour, new_figure
from detection_model.training.config import TrainConfig
from detection_model.training.fitting import fit
from detection_model.training.loading import TrainingData, load_data
from detection_model.training.publishing import publish
from detection_model.training.reporting import Reporter
from detection_model.zoo import WeightsError

TABLE, NOTES, PLOT = "table.csv", "table.md", "accuracy.png"
Judge = Callable[[Path], Mapping[str, float]]


@dataclass(frozen=True)
class Outcome:
    """One row: what was measured, or why the configuration was not trained here."""

    name: str
    status: str = "trained"
    epochs: int | None = None
    parameters: int | None = None
    seconds: float | None = None
    loss: float | None = None
    accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    best_epoch: int | None = None
    test: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[float, ...] = ()

    @property
    def row(self) -> dict[str, object]:
        """What a table shows."""
        shown = asdict(self)
        shown.pop("curve")
        test = shown.pop("test")
        return shown | {f"test_{name}": value for name, value in test.items()}


def train_all(
    configs: Mapping[str, TrainConfig], folder: Path, report: Reporter, judge: Judge | None = None
) -> Iterable[Outcome]:
    """Train each, one after another; `folder` takes `logs` and `models`.

    Weights that are not here leave a row that says so; what `judge` finds of a published model
    is in the row.

    Raises:
        DataError: the data set is unusable.
        Interrupted: on Ctrl-C; the same call goes on in the configuration that was stopped.
    """
    data: tuple[object, TrainingData] | None = None
    for name, config in configs.items():
        # Fault studies share their pictures, backbones have sizes of their own.
        wanted = (config.data, config.image_size, config.recipe, config.seed)
        if data is None or data[0] != wanted:
            data = wanted, load_data(config, report)
        report.say(f"{name}:")
        began = time.monotonic()
        try:
            fitted = fit(config, data[1], folder / "logs", report)
        except WeightsError as error:
            report.say(f"not trained: {error}")
            yield Outcome(name, status=f"not run: {error}")
            continue
        seconds = time.monotonic() - began
        published = publish(fitted, data[1], folder / "models" / f"{config.name}.keras")
        history = fitted.record.history
        yield Outcome(
            name,
            epochs=len(history["loss"]),
            parameters=fitted.record.parameters,
            seconds=round(seconds, 1),
            loss=history["loss"][-1],
            accuracy=history["accuracy"][-1],
            val_loss=history["val_loss"][-1],
            val_accuracy=history["val_accuracy"][-1],
            best_epoch=fitted.record.best_epoch,
            test=judge(published) if judge else {},
            curve=tuple(history["val_accuracy"]),
        )


def write_tables(outcomes: list[Outcome], folder: Path, title: str) -> None:
    """Write `table.csv` and, for reading, `table.md`: the same rows."""
    columns = list(dict.fromkeys(name for outcome in outcomes for name in outcome.row))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(outcome.row for outcome in outcomes)
    lines = [f"# {title}", "", _line(columns), _line(["---"] * len(columns))]
    lines += [_line([outcome.row.get(name) for name in columns]) for outcome in outcomes]
    (folder / NOTES).write_text("\n".join(lines) + "\n")


def curves_figure(outcomes: list[Outcome]) -> Figure:
    """Validation accuracy over the epochs, a line each."""
    figure, (axes,) = new_figure(1, width=7, height=4)
    for position, outcome in enumerate(one for one in outcomes if one.curve):
        style = ("-", "--")[position >= 6]  # colours repeat after six
        epochs = range(1, len(outcome.curve) + 1)
        axes.plot(epochs, outcome.curve, style, color=colour(position), label=outcome.name)
    axes.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.locator_params(axis="x", integer=True)
    figure.legend(loc="outside right upper", fontsize=8)
    return figure


def _line(values: Iterable[object]) -> str:
    return "| " + " | ".join(_shown(value) for value in values) + " |"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/")
