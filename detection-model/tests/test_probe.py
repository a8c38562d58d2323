"""v5's head: statistics of several levels, a probe to begin with, sources with an equal voice."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from detection_model import architectures
from detection_model.architectures import statistics
from detection_model.data.folders import find_data
from detection_model.training.config import ConfigError, TrainConfig, configured
from detection_model.training.loading import load_data
from detection_model.training.network import new_model
from detection_model.training.probe import fit_probe
from detection_model.training.run import Reporter, TrainingError
from detection_model.training.sampler import CropSampler
from detection_model.training.train import Folders, train

SIDE = 64
# Real and fake pictures of each source: split, class, folder, how many, how strong their noise.
LARGE, SMALL = 12, 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets: `Broad` has a folder for each source, `Plain` none. Fakes are noisier."""
    root = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(0)
    for split in ("Train", "Validation"):
        for label, noise in (("Real", 4), ("Fake", 30)):
            for name, count in (
                ("Broad/{}/{}/large", LARGE),
                ("Broad/{}/{}/small", SMALL),
                ("Plain/{}/{}", LARGE),
            ):
                folder = root / name.format(split, label)
                folder.mkdir(parents=True)
                for number in range(count):
                    pixels = rng.uniform(60, 200, 3) + rng.normal(0, noise, (SIDE, SIDE, 3))
                    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
                    picture.save(folder / f"{number}.png")
    return root


def config(data: Path, portraits: dict[str, Any] | None = None, **changes: Any) -> TrainConfig:
    drawn = {"real": {"Broad": 1, "Plain": 1}, "fake": {"Broad": 1, "Plain": 1}, "pictures": 64}
    settings = {
        "data": str(data),
        "image_size": SIDE,
        "epochs": 0,
        "probe": {"pictures": 96, "penalty": 0.01},
        "portraits": drawn | (portraits or {}),
    }
    return configured("v5", settings, changes)


def mixture(found: TrainConfig) -> CropSampler:
    drawn = load_data(found, Reporter()).train
    assert isinstance(drawn, CropSampler)
    return drawn


def test_a_folder_below_a_class_is_a_source(data: Path) -> None:
    broad, plain = find_data(data / "Broad"), find_data(data / "Plain")
    assert {broad.source(one) for one in broad.split("train")} == {"large", "small"}
    assert {plain.source(one) for one in plain.split("train")} == {""}


def test_every_source_has_the_same_voice(data: Path) -> None:
    drawn = mixture(config(data))
    shares = [drawn.share("Real", name) for name in ("Broad/large", "Broad/small", "Plain")]
    assert shares == pytest.approx([1 / 6] * 3)


def test_a_source_with_few_pictures_is_not_drawn_as_often(data: Path) -> None:
    drawn = mixture(config(data, {"enough": LARGE}))
    small, large = drawn.share("Fake", "Broad/small"), drawn.share("Fake", "Broad/large")
    assert small == pytest.approx(large * SMALL / LARGE)


def test_a_source_may_have_a_weight_of_its_own(data: Path) -> None:
    drawn = mixture(config(data, {"fake": {"Broad": 1, "Broad/small": 3, "Plain": 1}}))
    assert drawn.share("Fake", "Broad/small") == pytest.approx(0.3)


def test_a_source_that_is_left_out_is_neither_trained_nor_validated_on(data: Path) -> None:
    found = load_data(config(data, {"left_out": ["Broad/small"]}), Reporter())
    assert isinstance(found.train, CropSampler)
    assert {source for source, _ in found.train.pools} == {"Broad/large", "Plain"}
    assert len(found.validation.examples) == 4 * LARGE


def test_validation_weighs_sources_as_training_draws_them(data: Path) -> None:
    found = load_data(config(data), Reporter())
    weights = found.validation_weights
    assert weights is not None
    small = [one.path.parent.name == "small" for one in found.validation.examples]
    assert weights[small].sum() == pytest.approx(weights.sum() / 3)
    assert weights.mean() == pytest.approx(1)


def test_the_layer_gives_mean_and_deviation_of_each_channel() -> None:
    maps = np.random.default_rng(0).normal(3, 2, (2, 5, 7, 4)).astype(np.float32)
    found = np.asarray(statistics.MeanAndDeviation()(maps))
    expected = np.concatenate([maps.mean(axis=(1, 2)), maps.std(axis=(1, 2))], axis=1)
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_probe_tells_the_classes_apart_and_leaves_the_backbone(data: Path) -> None:
    keras.utils.set_random_seed(0)
    chosen = config(data)
    model = architectures.ZOO["v5"].build(SIDE, "none")
    before = model.get_layer("conv_stem").get_weights()[0]
    assert chosen.probe
    found = load_data(chosen, Reporter())
    fit_probe(model, chosen, chosen.probe, found, Reporter())
    assert np.array_equal(model.get_layer("conv_stem").get_weights()[0], before)
    judged = model.predict(found.validation.pixels.astype(np.float32), verbose=0)[:, 0]
    fake = found.validation.targets > 0.5
    assert judged[fake].min() > judged[~fake].max()


def test_a_probe_is_published_without_fine_tuning_and_fine_tuned_from(
    data: Path, tmp_path: Path
) -> None:
    places = Folders(tmp_path / "models", tmp_path / "logs")
    changes: dict[str, Any] = {"weights": "none", "fine_tuned": 3, "keep_epochs": True}
    published = train(config(data, fine_tune_epochs=2, **changes), places, Reporter())
    (run,) = (tmp_path / "logs" / "v5").iterdir()
    kept = {path.name for path in run.glob("*.keras")}
    assert {"probe.keras", "epoch-01.keras", "epoch-02.keras"} <= kept
    last, tuned = (
        keras.models.load_model(run / "epoch-02.keras"),
        keras.models.load_model(published),
    )
    for one, other in zip(last.get_weights(), tuned.get_weights(), strict=True):
        assert np.array_equal(one, other)
    alone = train(config(data, fine_tune_epochs=0, name="probe", **changes), places, Reporter())
    probe = keras.models.load_model(run / "probe.keras")
    for one, other in zip(
        probe.get_weights(), keras.models.load_model(alone).get_weights(), strict=True
    ):
        assert one == pytest.approx(other, abs=1e-5)


def test_a_probe_needs_portraits(data: Path) -> None:
    chosen = config(data).model_copy(update={"portraits": None, "data": str(data / "Plain")})
    assert chosen.probe
    found = load_data(chosen, Reporter())
    with pytest.raises(TrainingError, match="a probe needs `portraits`"):
        fit_probe(
            architectures.ZOO["v5"].build(SIDE, "none"), chosen, chosen.probe, found, Reporter()
        )


def test_no_epochs_without_a_probe_are_refused(data: Path) -> None:
    with pytest.raises(ConfigError, match="epochs must be above 0"):
        configured("v5", {"data": str(data), "epochs": 0})


def test_a_training_begins_with_a_whole_network(data: Path, tmp_path: Path) -> None:
    begun = architectures.ZOO["v5"].build(SIDE, "none")
    begun.save(tmp_path / "begun.keras")
    model = new_model(config(data, start=str(tmp_path / "begun.keras"), weights="none"))
    for one, other in zip(begun.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(one, other)
