"""Loss and accuracy over the epochs, as pictures beside the event files."""

import json
from pathlib import Path


def plot_history(history: dict[str, list[float]], folder: Path) -> None:
    """Write `loss.png` and `accuracy.png`: training and validation, one point an epoch."""
    from matplotlib.figure import Figure

    for metric in ("loss", "accuracy"):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for name, label in ((metric, "training"), (f"val_{metric}", "validation")):
            values = history.get(name, [])
            axes.plot(range(1, len(values) + 1), values, marker=".", label=label)
        axes.set(xlabel="epoch", ylabel=metric, title=metric.capitalize())
        axes.grid(alpha=0.3)
        axes.legend()
        figure.savefig(folder / f"{metric}.png", dpi=100)


def write_json(path: Path, value: object) -> None:
    """Write indented JSON."""
    path.write_text(json.dumps(value, indent=1) + "\n")
