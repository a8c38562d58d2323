"""Tables and figures match the evaluations and runs."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.table import Table

from detection_model import predict
from detection_model.card import CardError
from detection_model.data.write import synthetic_picture
from detection_model.evaluation import display
from detection_model.evaluation.comparison import compare
from detection_model.evaluation.records import Prediction, Published, read_published
from detection_model.evaluation.scoring import predict_folder
from detection_model.inference.detector import Detector
from detection_model.training.logs import RunReader, runs_figure

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "detection-model" / "models"
NAMES = ["v1", "v2", "v3"]


@pytest.fixture(scope="module")
def models() -> dict[str, Published]:
    return {name: read_published(MODELS, name) for name in NAMES}


def rows(table: Table) -> list[list[str]]:
    """The cells of a table as it is printed."""
    console = Console(width=150, file=io.StringIO(), color_system=None)
    console.print(table)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]


def test_the_metrics_table_has_intervals_and_sample_sizes(models: dict[str, Published]) -> None:
    cells = {line[0]: line[1:] for line in rows(display.metrics_table({"v1": models["v1"].row}))}
    row = models["v1"].row
    auc = row.metrics["auc"]
    assert cells["pictures"] == [f"{row.n_real} real + {row.n_fake} fake"]
    assert cells["right"] == [f"{row.confusion.correct} of {row.confusion.total}"]
    assert cells["AUC"] == [f"{auc.value:.3f} ({auc.low:.3f}–{auc.high:.3f})"]
    assert len(cells) == 2 + len(row.metrics)


def test_the_models_table_has_size_and_training(models: dict[str, Published]) -> None:
    cells = {line[0]: line for line in rows(display.models_table(models)) if line[0]}
    assert list(cells) == NAMES
    assert cells["v1"][2:] == ["3,696,625", "14.8 MB", "20", "750 real + 750 fake"]


def prediction(path: str, label: str, fake: float) -> Prediction:
    return Prediction(path, "data", "test", "original", label, fake, 0.0)


def test_agreement_counts_every_picture_once() -> None:
    first = [
        prediction("a", "Fake", 0.9),
        prediction("b", "Fake", 0.1),
        prediction("c", "Real", 0.9),
    ]
    second = [
        prediction("a", "Fake", 0.8),
        prediction("b", "Fake", 0.7),
        prediction("c", "Real", 0.6),
    ]
    agreement = compare({"one": first, "two": second}, {"one": 0.5, "two": 0.5})
    assert rows(display.agreement_table(agreement)) == [
        ["0 of 2", "1"],
        ["1 of 2", "1"],
        ["2 of 2", "1"],
        ["all agree", "2"],
    ]
    assert rows(display.pairs_table(agreement)) == [["one, two", "0", "1", "1.000"]]


def test_a_folder_of_fakes_is_scored_by_every_model(tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(synthetic_picture("Fake", number)).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("made with my program")
    (tmp_path / ".hidden").write_text("")
    detectors = {name: Detector.load(MODELS / f"{name}.keras") for name in ("v1", "v3")}
    result = predict_folder(tmp_path, detectors)
    assert list(result.verdicts) == ["0.png", "1.png", "2.png"]
    assert [bad.path.name for bad in result.bad] == ["notes.txt"]
    expected = predict(detectors["v3"], tmp_path / "1.png").verdict
    assert result.verdicts["1.png"]["v3"] == expected
    *pictures, last = rows(display.verdicts_table(result))
    assert pictures[1][2] == f"{expected.prediction} ({expected.fake:.2f})"
    calls = [line[1].startswith("Fake") for line in pictures]
    assert last[:2] == ["called Fake", f"{sum(calls)} of 3"]


def test_a_missing_folder_holds_no_pictures(tmp_path: Path) -> None:
    assert predict_folder(tmp_path / "nowhere", {}).verdicts == {}


def test_a_missing_file_of_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"v1\.json"):
        read_published(tmp_path, "v1")
    shutil.copy(MODELS / "v1.json", tmp_path)
    with pytest.raises(CardError, match=r"metrics\.json"):
        read_published(tmp_path, "v1")


def test_the_curves_of_the_runs_are_plotted_completely(models: dict[str, Published]) -> None:
    runs = {run.name: run for run in RunReader(ROOT / "logs").all()}
    figure = runs_figure({name: runs[models[name].run] for name in NAMES})
    loss, accuracy = figure.axes
    assert [len(line.get_xdata()) for line in loss.get_lines()] == [20, 20, 10, 10, 20, 20]  # type: ignore[arg-type]
    lines = {str(line.get_label()): line for line in accuracy.get_lines()}
    record = runs[models["v2"].run].record
    assert record is not None
    assert lines["v2, train"].get_ydata() == pytest.approx(record.history["accuracy"])
    assert lines["v2, validation"].get_ydata() == pytest.approx(record.history["val_accuracy"])
    assert np.asarray(lines["v2, train"].get_xdata()).tolist() == list(range(1, 11))


def test_roc_and_confusion_figures_name_the_models(models: dict[str, Published]) -> None:
    (axes,) = display.roc_figure({name: model.curves for name, model in models.items()}).axes
    _, *curves = axes.get_lines()
    assert [line.get_label() for line in curves] == NAMES
    assert np.asarray(curves[0].get_ydata()).tolist() == models["v1"].curves.roc.y
    matrices = display.confusion_figure({name: m.row.confusion for name, m in models.items()}).axes
    counts = models["v3"].row.confusion
    assert matrices[2].get_title() == "v3"
    assert [int(text.get_text()) for text in matrices[2].texts] == [
        counts.true_real,
        counts.false_fake,
        counts.missed_fake,
        counts.true_fake,
    ]
