"""The published models match their cards, evaluations and runs."""

import json
from pathlib import Path

import numpy as np
import pytest

from detection_model import architectures, predict
from detection_model.card import Card, file_sha256, read_card
from detection_model.evaluation import metrics, records
from detection_model.evaluation.evaluate import part_of, row_predictions
from detection_model.evaluation.scoring import ORIGINAL
from detection_model.export.litert import LITERT_FILE, copy_published, parity_pictures
from detection_model.inference.detector import load_model
from detection_model.inference.runtime import LiteRT

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "detection-model" / "models"
FACES = ROOT.parent / "shared" / "data"
TEACHING_MODELS = ["v1", "v2", "v3"]
FACE_MODELS = ["v4", "v5"]
NAMES = [*TEACHING_MODELS, *FACE_MODELS]


def card(name: str) -> Card:
    return read_card(MODELS / f"{name}.json")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_belongs_to_the_file(name: str) -> None:
    published = card(name)
    assert published.name == name
    assert published.sha256 == file_sha256(MODELS / f"{name}.keras")
    assert (MODELS / f"{name}.keras").stat().st_size < 20_000_000
    assert any("CC BY-NC-SA" in licence for licence in published.data_licences)
    assert published.known_failures
    assert not any("detection-model" in text or "--" in text for text in published.known_failures)
    assert published.training is not None


@pytest.mark.slow
def test_the_default_model_comes_converted_with_the_outputs_of_keras(tmp_path: Path) -> None:
    path = MODELS / f"{NAMES[-1]}.keras"
    report = copy_published(path, file_sha256(path), tmp_path)
    assert report is not None
    model = load_model(path)
    assert report.facts == model.facts
    pictures = parity_pictures(model.facts)
    outputs = LiteRT((tmp_path / LITERT_FILE).read_bytes())(pictures)
    np.testing.assert_allclose(outputs, model.logits.predict(pictures, verbose=0), atol=1e-3)


@pytest.mark.parametrize("name", TEACHING_MODELS)
def test_a_teaching_model_was_trained_on_the_small_sample(name: str) -> None:
    training = card(name).training
    assert training is not None
    assert training.examples["train/Real"] == training.examples["train/Fake"] == 750
    assert training.epochs == architectures.RECIPES[name].epochs


@pytest.mark.parametrize("name", FACE_MODELS)
def test_a_face_model_has_uncertainty_settings(name: str) -> None:
    published = card(name)
    assert published.input.face_margin is not None
    assert published.conformal is not None
    assert published.scope is not None
    assert published.steadiness is not None
    assert "validation" in published.threshold.chosen


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_recompute_from_the_predictions(name: str) -> None:
    folder = MODELS / f"{name}.eval"
    evaluation = records.Evaluation.model_validate_json((folder / records.METRICS).read_bytes())
    predictions = records.read_predictions(folder / records.PREDICTIONS)
    assert evaluation.model_sha256 == card(name).sha256
    assert {part_of(row) for row in evaluation.rows} == set(map(part_of, predictions))
    for row in evaluation.rows:
        sample = row_predictions(row, predictions)
        assert records.confusion_at(sample, evaluation.threshold) == row.confusion
        labels, scores = metrics.labels_and_scores(sample)
        for metric, value in metrics.all_metrics(labels, scores, evaluation.threshold).items():
            assert row.metrics[metric].value == pytest.approx(value, abs=1e-4)
    row = evaluation.rows[0]
    curves = records.Curves.model_validate_json((folder / records.CURVES).read_bytes())
    assert np.trapezoid(curves.roc.y, curves.roc.x) == pytest.approx(
        row.metrics["auc"].value, abs=0.01
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_logs_hold_the_run_with_every_epoch(name: str) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    training = card(name).training
    assert training is not None
    assert training.log_folder is not None
    run = ROOT / training.log_folder
    record = json.loads((run / "run.json").read_text())
    assert record["data_fingerprint"] == training.data_fingerprint
    for split, prefix in (("train", ""), ("validation", "val_")):
        events = EventAccumulator(str(run / split), size_guidance={"tensors": 0})
        events.Reload()
        points = [
            float(np.frombuffer(event.tensor_proto.tensor_content, np.float32)[0])
            for event in events.Tensors("epoch_accuracy")
        ]
        assert points == pytest.approx(record["history"][f"{prefix}accuracy"], abs=1e-6)
        assert len(points) == training.epochs
    assert (run / "loss.png").is_file()
    assert (run / "accuracy.png").is_file()


@pytest.mark.slow
@pytest.mark.skipif(not FACES.is_dir(), reason="no real faces here: shared/data is absent")
@pytest.mark.parametrize("name", NAMES)
def test_the_model_still_gives_the_stored_predictions(name: str) -> None:
    from detection_model.inference.detector import Detector

    detector = Detector.load(MODELS / f"{name}.keras")
    files = {file_sha256(path): path for path in FACES.glob("**/Test/*/*.jpg")}
    predictions = records.read_predictions(MODELS / f"{name}.eval" / records.PREDICTIONS)
    original = [row for row in predictions if row.delivery == ORIGINAL and row.sha256 in files]
    assert len(original) >= 200
    for row in original[:: len(original) // 10]:
        verdict = predict(detector, files[row.sha256]).verdict
        assert verdict.fake == pytest.approx(row.fake, abs=1e-4), row.path
