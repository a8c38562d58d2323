"""predictions.csv is the source: rows, figures and warnings come from it alone."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

from detection_model.card import Card, IsotonicCalibrator, read_card, write_card
from detection_model.data.folders import find_data
from detection_model.data.issues import (
    REPORT,
    DataIssues,
    Issue,
    data_warnings,
    fingerprint,
    report_folder,
)
from detection_model.evaluation import plots, records
from detection_model.evaluation.evaluate import Result as Evaluated
from detection_model.evaluation.evaluate import label, recalibrated, row_predictions, rows, warnings
from detection_model.evaluation.metrics import over_thresholds
from detection_model.evaluation.records import Curves, Evaluation, EvaluationRow, Prediction

Here = Callable[..., Result]


def predicted(label: str, logit: float, **changes: Any) -> Prediction:
    row = Prediction("p.png", "D", "test", "original", label, 0.0, logit)._replace(**changes)
    return recalibrated([row], Card.model_fields["calibrator"].default)[0]


def sizes(found: list[EvaluationRow]) -> list[tuple[str | None, str, int, int]]:
    return [(row.generator, row.delivery, row.n_real, row.n_fake) for row in found]


REALS = [predicted("Real", -1.0), predicted("Real", 0.5)]
TWO_MAKERS = [
    *REALS,
    predicted("Fake", 2.0, generator="A"),
    predicted("Fake", 1.0, generator="A"),
    predicted("Fake", -3.0, generator="B"),
]


def test_each_generator_gets_a_row_with_its_fakes_and_all_reals() -> None:
    found = rows(TWO_MAKERS, 0.5)
    assert sizes(found) == [
        (None, "original", 2, 3),
        ("A", "original", 2, 2),
        ("B", "original", 2, 1),
    ]
    assert [row.metrics["auc"].value for row in found[1:]] == [1.0, 0.0]
    assert row_predictions(found[2], TWO_MAKERS) == [*REALS, TWO_MAKERS[-1]]
    assert row_predictions(found[0], TWO_MAKERS) == TWO_MAKERS


def test_reals_of_the_same_name_go_with_a_generator() -> None:
    own = predicted("Real", 3.0, generator="A")
    found = rows([*TWO_MAKERS, own], 0.5)
    assert sizes(found)[1:] == [("A", "original", 1, 2), ("B", "original", 3, 1)]


def test_a_single_generator_names_the_only_row() -> None:
    found = rows([*REALS, *[row._replace(generator="A") for row in TWO_MAKERS[2:]]], 0.5)
    assert sizes(found) == [("A", "original", 2, 3)]
    assert label(found[0]) == "D: A, test"


def test_each_delivery_gets_rows_of_its_own_after_the_original() -> None:
    arrived = [row._replace(delivery="blur-1") for row in TWO_MAKERS]
    found = rows([*TWO_MAKERS, *arrived], 0.5, {("D", "test", "blur-1"): 4})
    assert [row.delivery for row in found] == ["original"] * 3 + ["blur-1"] * 3
    assert [row.skipped for row in found] == [0, 0, 0, 4, 0, 0]
    assert label(found[4]) == "D: A, test, blur-1"


def test_probabilities_follow_the_calibrator_and_generators_the_option() -> None:
    calibrator = IsotonicCalibrator(x=(0.0, 1.0), y=(0.2, 0.4))
    (real, fake) = recalibrated(
        [predicted("Real", 0.0), predicted("Fake", 0.0)], calibrator, generator="C"
    )
    assert (real.fake, fake.fake) == (0.3, 0.3)
    assert (real.generator, fake.generator) == ("", "C")


def evaluation(predictions: list[Prediction]) -> Evaluation:
    return Evaluation(
        model="m",
        model_sha256="a" * 64,
        threshold=0.5,
        created="",
        command="",
        data_warnings=("the sets share pictures",),
        rows=rows(predictions, 0.5),
    )


def test_swapped_classes_are_said_loudly_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    by_chance = [predicted(name, z) for z in rng.normal(size=50) for name in ("Real", "Fake")]
    assert warnings(evaluation(by_chance)) == ["the sets share pictures"]
    swapped = [
        predicted(name, z + (name == "Real"))
        for z in rng.normal(size=50)
        for name in ("Real", "Fake")
    ]
    leak, polarity = warnings(evaluation(swapped))
    assert leak == "the sets share pictures"
    assert polarity.startswith("on D, test fakes get lower probabilities than reals")
    assert "output.classes" in polarity


def test_data_that_nobody_inspected_are_said_to_be_so_and_null_in_the_record(
    bright_data: Path, bright_models: Path, tmp_path: Path, here: Here
) -> None:
    models = ("--models", bright_models, "--logs", tmp_path)
    done = here("evaluate", "red", "--data", bright_data, *models)
    assert done.exit_code == 0, done.output
    report = (bright_models / "red.eval" / records.REPORT).read_text()
    for said in (done.stderr, report):
        assert "WARNING: Bright was not inspected for leaks" in said
    assert read(bright_models / "red.eval").data_warnings is None


def test_the_figures_show_each_generator_and_delivery() -> None:
    both = [*TWO_MAKERS, *[row._replace(delivery="blur-1") for row in TWO_MAKERS]]
    result = Evaluated(evaluation(both), both, [])
    found = result.evaluation.rows
    (axes,) = plots.rows_figure(found).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [label(row) for row in found]
    (axes,) = plots.precision_recall_figure({"A": result.curves(found[1])}).axes
    assert np.asarray(axes.get_lines()[0].get_ydata()).tolist()[-1] == pytest.approx(0.5)
    (axes,) = plots.reliability_figure({"m": result.curves()}).axes
    shown = axes.get_lines()[1]
    assert np.asarray(shown.get_xdata()).tolist() == result.curves().reliability.x
    (axes,) = plots.threshold_figure(result.curves(), 0.3).axes
    assert np.asarray(axes.get_lines()[-1].get_xdata()).tolist() == [0.3, 0.3]
    assert {line.get_label() for line in axes.get_lines()} >= {"accuracy on real", "F1"}


def test_curves_over_the_threshold_are_the_metrics_there() -> None:
    curves = Evaluated(evaluation(TWO_MAKERS), TWO_MAKERS, []).curves()
    at = curves.thresholds["accuracy"].x.index(0.5)
    row = rows(TWO_MAKERS, 0.5)[0]
    for name, curve in curves.thresholds.items():
        assert curve.y[at] == pytest.approx(row.metrics[name].value, abs=1e-4)
    assert curves.threshold == curves.thresholds["accuracy"]


def test_precision_is_not_drawn_where_nothing_is_called_fake() -> None:
    labels, scores = np.asarray([False, True, True]), np.asarray([0.2, 0.4, 0.703])
    precision = over_thresholds(labels, scores)["precision"]
    assert [precision.x[0], precision.y[0]] == pytest.approx([0, 2 / 3], abs=1e-5)
    assert [precision.x[-1], precision.y[-1]] == [0.7, 1]
    assert len(precision.x) == len(precision.y)


def read(folder: Path) -> Evaluation:
    return Evaluation.model_validate_json((folder / records.METRICS).read_bytes())


def test_evaluating_and_recomputing_give_the_same_files(
    bright_data: Path, bright_models: Path, here: Here
) -> None:
    models = ("--models", bright_models)
    done = here("evaluate", "red", "--data", bright_data, "--sweep", "alike", "--plots", *models)
    assert done.exit_code == 0, done.output
    folder = bright_models / "red.eval"
    found = read(folder)
    assert sizes(found.rows)[:4] == [
        (None, "original", 60, 60),
        ("GanA", "original", 60, 30),
        ("GanB", "original", 60, 30),
        (None, "alike", 60, 60),
    ]
    assert len(found.rows) == 3 * 2
    assert found.rows[0].metrics["auc"].value > 0.7
    assert found.command.endswith("--data data/Bright --split test --perturb alike")
    curves = Curves.model_validate_json((folder / records.CURVES).read_bytes())
    assert curves.rocs[0] == curves.roc
    assert len(curves.rocs) == len(found.rows)
    for row, roc in zip(found.rows, curves.rocs, strict=True):
        assert np.trapezoid(roc.y, roc.x) == pytest.approx(row.metrics["auc"].value, abs=1e-3)
    drawn = {path.stem for path in folder.glob("*.png")}
    assert drawn == {"roc", "precision-recall", "reliability", "threshold", "confusion", "rows"}
    stored = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = here(
        "evaluate", "red", "--from-predictions", folder / records.PREDICTIONS, "--plots", *models
    )
    assert done.exit_code == 0, done.output
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == stored


def test_recomputing_follows_the_predictions_and_the_card(
    bright_data: Path, bright_models: Path, here: Here
) -> None:
    models = ("--models", bright_models)
    assert here("evaluate", "red", "--data", bright_data, *models).exit_code == 0
    path = bright_models / "red.eval" / records.PREDICTIONS
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([lines[0], *(row for row in lines[1:] if "GanB" not in row)])
    card = read_card(bright_models / "red.json")
    threshold = card.threshold.model_copy(update={"value": 0.25})
    write_card(card.model_copy(update={"threshold": threshold}), bright_models / "red.json")
    before = read(path.parent)
    assert here("evaluate", "red", "--from-predictions", path, *models).exit_code == 0
    after = read(path.parent)
    assert sizes(after.rows) == [("GanA", "original", 60, 30)]
    assert (before.threshold, after.threshold) == (0.5, 0.25)
    assert after.rows[0].confusion.true_real < before.rows[0].confusion.true_real
    assert after.created == before.created
    done = here("evaluate", "green", "--from-predictions", path, *models)
    assert done.exit_code == 2
    assert "another model file" in done.stderr


def test_a_swapped_polarity_and_a_leak_are_loud_in_every_report(
    bright_data: Path, bright_models: Path, tmp_path: Path, here: Here
) -> None:
    card = read_card(bright_models / "red.json")
    swapped = card.output.model_copy(update={"classes": ("Fake", "Real")})
    write_card(card.model_copy(update={"output": swapped}), bright_models / "red.json")
    data = find_data(bright_data)
    leak = Issue(kind="format_leak", severity="leak", message="File size tells the classes apart")
    inspected = DataIssues(
        data=data.name,
        fingerprint=fingerprint(data),
        split=data.split_origin,
        examples=data.counts(),
        inspected=1,
        pictures=1,
        findings=(leak,),
    )
    folder = report_folder(tmp_path, data.name, inspected.fingerprint)
    folder.mkdir(parents=True)
    (folder / REPORT).write_text(inspected.model_dump_json())
    (loud,) = data_warnings(data, tmp_path) or ()
    assert leak.message in loud
    for option in (("--data", bright_data), ("--from-predictions", "predictions.csv")):
        evaluated = bright_models / "red.eval"
        given = [evaluated / option[1] if "pred" in option[0] else option[1]]
        done = here(
            "evaluate", "red", option[0], *given, "--models", bright_models, "--logs", tmp_path
        )
        assert done.exit_code == 0, done.output
        report = (evaluated / records.REPORT).read_text()
        for said in (done.stderr, report):
            assert f"WARNING: {loud}" in said
            assert "fakes get lower probabilities than reals" in said
        assert report.startswith("WARNING")
        assert read(evaluated).data_warnings == (loud,)


def test_a_set_of_fakes_alone_is_measured_by_what_it_defines(
    bright_data: Path, bright_models: Path, tmp_path: Path, here: Here
) -> None:
    studio = tmp_path / "Studio"
    studio.mkdir()
    (studio / "Fake").symlink_to(bright_data / "Test" / "Fake" / "GanA", target_is_directory=True)
    out = tmp_path / "studio.eval"
    arguments = ("--split", "all", "--models", bright_models, "--out", out, "--plots")
    done = here("evaluate", "red", "--data", studio, *arguments)
    assert done.exit_code == 0, done.output
    (row,) = read(out).rows
    assert (row.n_real, row.n_fake) == (0, 30)
    assert set(row.metrics) == {"accuracy", "fake_accuracy", "ece", "brier"}
    assert [path.name for path in out.glob("*.png")] == ["confusion.png"]


def test_either_pictures_or_predictions_are_named(here: Here) -> None:
    for given in ([], ["--data", "x", "--from-predictions", "y"]):
        done = here("evaluate", "v3", *given)
        assert done.exit_code == 2
        assert "one of --data, --from-predictions and --cases" in done.stderr
