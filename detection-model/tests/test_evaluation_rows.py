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
from detection_model.evaluation import display, records
from detection_model.evaluation.evaluate import Result as Evaluated
from detection_model.evaluation.evaluate import label, recalibrated, row_predictions, rows, warnings
from detection_model.evaluation.metrics import over_thresholds
from detection_model.evaluation.records import Curves, Evaluation, EvaluationRow, Prediction

Invoke = Callable[..., Result]


def prediction(label: str, logit: float, **changes: Any) -> Prediction:
    row = Prediction("p.png", "D", "test", "original", label, 0.0, logit)._replace(**changes)
    return recalibrated([row], Card.model_fields["calibrator"].default)[0]


def sizes(evaluated: list[EvaluationRow]) -> list[tuple[str | None, str, int, int]]:
    return [(row.generator, row.delivery, row.n_real, row.n_fake) for row in evaluated]


REALS = [prediction("Real", -1.0), prediction("Real", 0.5)]
TWO_GENERATORS = [
    *REALS,
    prediction("Fake", 2.0, generator="A"),
    prediction("Fake", 1.0, generator="A"),
    prediction("Fake", -3.0, generator="B"),
]


def test_each_generator_gets_a_row_with_its_fakes_and_all_reals() -> None:
    result = rows(TWO_GENERATORS, 0.5)
    assert sizes(result) == [
        (None, "original", 2, 3),
        ("A", "original", 2, 2),
        ("B", "original", 2, 1),
    ]
    assert [row.metrics["auc"].value for row in result[1:]] == [1.0, 0.0]
    assert row_predictions(result[2], TWO_GENERATORS) == [*REALS, TWO_GENERATORS[-1]]
    assert row_predictions(result[0], TWO_GENERATORS) == TWO_GENERATORS


def test_reals_of_the_same_name_go_with_a_generator() -> None:
    real = prediction("Real", 3.0, generator="A")
    result = rows([*TWO_GENERATORS, real], 0.5)
    assert sizes(result)[1:] == [("A", "original", 1, 2), ("B", "original", 3, 1)]


def test_a_single_generator_names_the_only_row() -> None:
    result = rows([*REALS, *[row._replace(generator="A") for row in TWO_GENERATORS[2:]]], 0.5)
    assert sizes(result) == [("A", "original", 2, 3)]
    assert label(result[0]) == "D: A, test"


def test_each_perturbation_has_its_own_rows_after_the_original() -> None:
    perturbed = [row._replace(delivery="blur-1") for row in TWO_GENERATORS]
    result = rows([*TWO_GENERATORS, *perturbed], 0.5, {("D", "test", "blur-1"): 4})
    assert [row.delivery for row in result] == ["original"] * 3 + ["blur-1"] * 3
    assert [row.skipped for row in result] == [0, 0, 0, 4, 0, 0]
    assert label(result[4]) == "D: A, test, blur-1"


def test_probabilities_follow_the_calibrator_and_generators_the_option() -> None:
    calibrator = IsotonicCalibrator(x=(0.0, 1.0), y=(0.2, 0.4))
    (real, fake) = recalibrated(
        [prediction("Real", 0.0), prediction("Fake", 0.0)], calibrator, generator="C"
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


def test_swapped_classes_give_a_warning_and_chance_does_not() -> None:
    rng = np.random.default_rng(0)
    by_chance = [prediction(name, z) for z in rng.normal(size=50) for name in ("Real", "Fake")]
    assert warnings(evaluation(by_chance)) == ["the sets share pictures"]
    swapped = [
        prediction(name, z + (name == "Real"))
        for z in rng.normal(size=50)
        for name in ("Real", "Fake")
    ]
    leak, polarity = warnings(evaluation(swapped))
    assert leak == "the sets share pictures"
    assert polarity.startswith("on D, test fakes get lower probabilities than reals")
    assert "output.classes" in polarity


def test_data_without_an_audit_give_a_warning_and_null_in_the_record(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models, "--logs", tmp_path)
    result = invoke("evaluate", "red", "--data", bright_data, *models)
    assert result.exit_code == 0, result.output
    report = (bright_models / "red.eval" / records.REPORT).read_text()
    for text in (result.stderr, report):
        assert "WARNING: Bright was not inspected for leaks" in text
    assert read(bright_models / "red.eval").data_warnings is None


def test_the_figures_show_each_generator_and_perturbation() -> None:
    predictions = [*TWO_GENERATORS, *[row._replace(delivery="blur-1") for row in TWO_GENERATORS]]
    result = Evaluated(evaluation(predictions), predictions, [])
    evaluated = result.evaluation.rows
    (axes,) = display.rows_figure(evaluated).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [label(row) for row in evaluated]
    (axes,) = display.precision_recall_figure({"A": result.curves(evaluated[1])}).axes
    assert np.asarray(axes.get_lines()[0].get_ydata()).tolist()[-1] == pytest.approx(0.5)
    (axes,) = display.reliability_figure({"m": result.curves()}).axes
    curve = axes.get_lines()[1]
    assert np.asarray(curve.get_xdata()).tolist() == result.curves().reliability.x
    (axes,) = display.threshold_figure(result.curves(), 0.3).axes
    assert np.asarray(axes.get_lines()[-1].get_xdata()).tolist() == [0.3, 0.3]
    assert {line.get_label() for line in axes.get_lines()} >= {"accuracy on real", "F1"}


def test_threshold_curves_equal_the_metrics_at_each_threshold() -> None:
    curves = Evaluated(evaluation(TWO_GENERATORS), TWO_GENERATORS, []).curves()
    at = curves.thresholds["accuracy"].x.index(0.5)
    row = rows(TWO_GENERATORS, 0.5)[0]
    for name, curve in curves.thresholds.items():
        assert curve.y[at] == pytest.approx(row.metrics[name].value, abs=1e-4)
    assert curves.threshold == curves.thresholds["accuracy"]


def test_precision_has_no_points_where_nothing_is_called_fake() -> None:
    labels, scores = np.asarray([False, True, True]), np.asarray([0.2, 0.4, 0.703])
    precision = over_thresholds(labels, scores)["precision"]
    assert [precision.x[0], precision.y[0]] == pytest.approx([0, 2 / 3], abs=1e-5)
    assert [precision.x[-1], precision.y[-1]] == [0.7, 1]
    assert len(precision.x) == len(precision.y)


def read(folder: Path) -> Evaluation:
    return Evaluation.model_validate_json((folder / records.METRICS).read_bytes())


@pytest.mark.slow
def test_evaluating_and_recomputing_give_the_same_files(
    bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    result = invoke(
        "evaluate", "red", "--data", bright_data, "--sweep", "alike", "--plots", *models
    )
    assert result.exit_code == 0, result.output
    folder = bright_models / "red.eval"
    evaluation = read(folder)
    assert sizes(evaluation.rows)[:4] == [
        (None, "original", 60, 60),
        ("GanA", "original", 60, 30),
        ("GanB", "original", 60, 30),
        (None, "alike", 60, 60),
    ]
    assert len(evaluation.rows) == 3 * 2
    assert evaluation.rows[0].metrics["auc"].value > 0.7
    assert evaluation.command.endswith("--data data/Bright --split test --perturb alike")
    curves = Curves.model_validate_json((folder / records.CURVES).read_bytes())
    assert curves.rocs[0] == curves.roc
    assert len(curves.rocs) == len(evaluation.rows)
    for row, roc in zip(evaluation.rows, curves.rocs, strict=True):
        assert np.trapezoid(roc.y, roc.x) == pytest.approx(row.metrics["auc"].value, abs=1e-3)
    plotted = {path.stem for path in folder.glob("*.png")}
    assert plotted == {"roc", "precision-recall", "reliability", "threshold", "confusion", "rows"}
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = invoke(
        "evaluate", "red", "--from-predictions", folder / records.PREDICTIONS, "--plots", *models
    )
    assert result.exit_code == 0, result.output
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents


def test_recomputing_follows_the_predictions_and_the_card(
    bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    assert invoke("evaluate", "red", "--data", bright_data, *models).exit_code == 0
    path = bright_models / "red.eval" / records.PREDICTIONS
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([lines[0], *(row for row in lines[1:] if "GanB" not in row)])
    card = read_card(bright_models / "red.json")
    threshold = card.threshold.model_copy(update={"value": 0.25})
    write_card(card.model_copy(update={"threshold": threshold}), bright_models / "red.json")
    before = read(path.parent)
    assert invoke("evaluate", "red", "--from-predictions", path, *models).exit_code == 0
    after = read(path.parent)
    assert sizes(after.rows) == [("GanA", "original", 60, 30)]
    assert (before.threshold, after.threshold) == (0.5, 0.25)
    assert after.rows[0].confusion.true_real < before.rows[0].confusion.true_real
    assert after.created == before.created
    result = invoke("evaluate", "green", "--from-predictions", path, *models)
    assert result.exit_code == 2
    assert "another model file" in result.stderr


@pytest.mark.slow
def test_every_report_warns_of_a_swapped_polarity_and_of_a_leak(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    card = read_card(bright_models / "red.json")
    swapped = card.output.model_copy(update={"classes": ("Fake", "Real")})
    write_card(card.model_copy(update={"output": swapped}), bright_models / "red.json")
    data = find_data(bright_data)
    leak = Issue(kind="format_leak", severity="leak", message="File size tells the classes apart")
    audit = DataIssues(
        data=data.name,
        fingerprint=fingerprint(data),
        split=data.split_origin,
        examples=data.counts(),
        inspected=1,
        pictures=1,
        findings=(leak,),
    )
    folder = report_folder(tmp_path, data.name, audit.fingerprint)
    folder.mkdir(parents=True)
    (folder / REPORT).write_text(audit.model_dump_json())
    (warning,) = data_warnings(data, tmp_path) or ()
    assert leak.message in warning
    for option in (("--data", bright_data), ("--from-predictions", "predictions.csv")):
        eval_folder = bright_models / "red.eval"
        source = [eval_folder / option[1] if "pred" in option[0] else option[1]]
        result = invoke(
            "evaluate", "red", option[0], *source, "--models", bright_models, "--logs", tmp_path
        )
        assert result.exit_code == 0, result.output
        report = (eval_folder / records.REPORT).read_text()
        for text in (result.stderr, report):
            assert f"WARNING: {warning}" in text
            assert "fakes get lower probabilities than reals" in text
        assert report.startswith("WARNING")
        assert read(eval_folder).data_warnings == (warning,)


def test_a_set_of_fakes_alone_has_only_the_defined_metrics(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    studio = tmp_path / "Studio"
    studio.mkdir()
    (studio / "Fake").symlink_to(bright_data / "Test" / "Fake" / "GanA", target_is_directory=True)
    out = tmp_path / "studio.eval"
    arguments = ("--split", "all", "--models", bright_models, "--out", out, "--plots")
    result = invoke("evaluate", "red", "--data", studio, *arguments)
    assert result.exit_code == 0, result.output
    (row,) = read(out).rows
    assert (row.n_real, row.n_fake) == (0, 30)
    assert set(row.metrics) == {"accuracy", "fake_accuracy", "ece", "brier"}
    assert [path.name for path in out.glob("*.png")] == ["confusion.png"]


def test_either_pictures_or_predictions_must_be_named(invoke: Invoke) -> None:
    for arguments in ([], ["--data", "x", "--from-predictions", "y"]):
        result = invoke("evaluate", "v3", *arguments)
        assert result.exit_code == 2
        assert "one of --data, --from-predictions and --cases" in result.stderr
