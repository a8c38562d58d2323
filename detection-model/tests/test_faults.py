"""Each injected fault shows in the training curves."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection_model.data.write import write_synthetic
from detection_model.training import network
from detection_model.training.config import Faults, configured
from detection_model.training.fault_injection import SkipGradients, labels
from detection_model.training.loading import TrainingData, load_data
from detection_model.training.network import Stage
from detection_model.training.run import Reporter
from detection_model.training.train import TrainedModel, fit

pytestmark = pytest.mark.slow

EPOCHS = 5


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, TrainingData]:
    folder = tmp_path_factory.mktemp("data") / "Synthetic"
    write_synthetic(folder, per_class=64, side=64)
    small = {"data": str(folder), "image_size": 32, "batch_size": 16, "epochs": EPOCHS}
    config = configured("v1", small)
    return config, load_data(config, Reporter())


def train_with_faults(
    prepared: tuple[Any, TrainingData], folder: Path, **faults: Any
) -> TrainedModel:
    config, data = prepared
    return fit(config.model_copy(update={"faults": Faults(**faults)}), data, folder, Reporter())


def test_without_a_fault_it_learns(prepared: tuple[Any, TrainingData], tmp_path: Path) -> None:
    history = train_with_faults(prepared, tmp_path).record.history
    assert history["val_accuracy"][-1] > 0.8
    assert history["loss"][-1] < 0.5


@pytest.mark.parametrize(
    "fault",
    [
        {"shuffled_labels": True},
        {"label_noise": 0.4},
        {"input_noise": 200},
        {"wrong_loss": True},
        {"skip_gradients": 1},
        {"reset_weights": 1},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_a_fault_shows_in_the_curves(
    prepared: tuple[Any, TrainingData], tmp_path: Path, fault: dict[str, Any]
) -> None:
    history = train_with_faults(prepared, tmp_path, **fault).record.history
    # A constant output is right for half of the pictures.
    assert history["accuracy"][-1] < 0.7
    if "wrong_loss" in fault:
        assert history["loss"][-1] == history["loss"][0] == pytest.approx(0, abs=1e-5)
    else:
        assert history["loss"][-1] > 0.6


def test_label_faults_follow_their_settings_and_the_seed() -> None:
    targets = np.repeat(np.array([0, 1], np.float32), 50)
    flipped = labels(targets, Faults(label_noise=0.3), seed=1)
    assert int((flipped != targets).sum()) == 30
    assert np.array_equal(flipped, labels(targets, Faults(label_noise=0.3), seed=1))
    assert not np.array_equal(flipped, labels(targets, Faults(label_noise=0.3), seed=2))
    shuffled = labels(targets, Faults(shuffled_labels=True), seed=1)
    assert shuffled.sum() == targets.sum()
    assert 30 < (shuffled != targets).sum() < 70
    assert np.array_equal(labels(targets, Faults(), seed=1), targets)


def test_a_skipped_batch_changes_no_weight_and_the_next_one_does(
    prepared: tuple[Any, TrainingData],
) -> None:
    import keras

    weights: list[Any] = []

    config, data = prepared
    model = network.new_model(config)
    network.compile_for(model, config, Stage("whole", 1, 0.01))

    def record(batch: int, logs: object) -> None:  # noqa: ARG001  Keras passes it by name
        weights.append(model.get_weights()[0])

    batches = network.batches(config, data, 0)
    recorder = keras.callbacks.LambdaCallback(on_train_batch_end=record)
    model.fit(batches, steps_per_epoch=6, verbose=0, callbacks=[SkipGradients(3), recorder])
    moved = [not np.array_equal(a, b) for a, b in pairwise(weights)]
    assert moved == [True, False, True, True, False]
