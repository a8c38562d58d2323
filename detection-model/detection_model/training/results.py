"""What the trainings of a study came to, as tables and a figure."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from detection_model.figures import colour, new_figure

TABLE, NOTES, PLOT = "table.csv", "table.md", "accuracy.png"


@dataclass(frozen=True)
class Outcome:
    """One row: what was measured, or why the configuration was not trained here.

    The last epoch is measured, that is, the model that was published. `accuracy_lost` is how much
    less of the validation pictures is right than in the row that a study compares with.
    """

    name: str
    status: str = "trained"
    epochs: int | None = None
    parameters: int | None = None
    seconds: float | None = None
    loss: float | None = None
    accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    accuracy_lost: float | None = None
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


def write_tables(
    outcomes: Sequence[Outcome], folder: Path, title: str, warnings: Sequence[str] = ()
) -> None:
    """Write `table.csv` and, for reading, `table.md`: the same rows, and what no row has left out.

    `warnings` of the data stand above the rows.
    """
    rows = [outcome.row for outcome in outcomes]
    measured = [name for row in rows for name, value in row.items() if value is not None]
    columns = [name for name in _in_order(rows) if name in measured]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    lines = [f"# {title}", "", *(f"WARNING: {text}\n" for text in warnings)]
    lines += [_line(columns), _line(["---"] * len(columns))]
    lines += [_line([row.get(name) for name in columns]) for row in rows]
    (folder / NOTES).write_text("\n".join(lines) + "\n")


def curves_figure(outcomes: Iterable[Outcome]) -> Figure:
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


def _in_order(rows: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _line(values: Iterable[object]) -> str:
    return "| " + " | ".join(_shown(value) for value in values) + " |"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/")
