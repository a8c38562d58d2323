"""v5: statistics of several levels, a linear probe to start with, sources of equal weight."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from detection_model import architectures
from detection_model.architectures import heads
from detection_model.data.folders import find_data
from detection_model.training.config import ConfigError, TrainConfig, configured
from detection_model.training.loading import load_data
from detection_model.training.network import fit_probe, new_model
from detection_model.training.run import Reporter, TrainingError
from detection_model.training.sampler import CropSampler
from detection_model.training.train import Folders, train

pytestmark = pytest.mark.slow

SIDE = 64
# Pictures of each source, in each split and class.
LARGE, SMALL = 12, 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets: `Broad` has a folder for each source, `Plain` has none. Fakes are noisier."""
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
    crops = {"real": {"Broad": 1, "Plain": 1}, "fake": {"Broad": 1, "Plain": 1}, "pictures": 64}
    settings = {
        "data": str(data),
        "image_size": SIDE,
        "epochs": 0,
        "probe": {"pictures": 96, "penalty": 0.01},
        "portraits": crops | (portraits or {}),
    }
    return configured("v5", settings, changes)


def sampler_of(config: TrainConfig) -> CropSampler:
    sampler = load_data(config, Reporter()).train
    assert isinstance(sampler, CropSampler)
    return sampler


def test_a_folder_below_a_class_is_a_source(data: Path) -> None:
    broad, plain = find_data(data / "Broad"), find_data(data / "Plain")
    assert {broad.source(example) for example in broad.split("train")} == {"large", "small"}
    assert {plain.source(example) for example in plain.split("train")} == {""}


def test_every_source_has_the_same_weight(data: Path) -> None:
    sampler = sampler_of(config(data))
    shares = [sampler.share("Real", name) for name in ("Broad/large", "Broad/small", "Plain")]
    assert shares == pytest.approx([1 / 6] * 3)


def test_a_source_with_few_pictures_is_sampled_less_often(data: Path) -> None:
    sampler = sampler_of(config(data, {"enough": LARGE}))
    small, large = sampler.share("Fake", "Broad/small"), sampler.share("Fake", "Broad/large")
    assert small == pytest.approx(large * SMALL / LARGE)


def test_a_source_may_have_its_own_weight(data: Path) -> None:
    sampler = sampler_of(config(data, {"fake": {"Broad": 1, "Broad/small": 3, "Plain": 1}}))
    assert sampler.share("Fake", "Broad/small") == pytest.approx(0.3)


def test_an_excluded_source_is_used_neither_in_training_nor_in_validation(data: Path) -> None:
    loaded = load_data(config(data, {"left_out": ["Broad/small"]}), Reporter())
    assert isinstance(loaded.train, CropSampler)
    assert {source for source, _ in loaded.train.pools} == {"Broad/large", "Plain"}
    assert len(loaded.validation.examples) == 4 * LARGE


def test_validation_weights_sources_as_training_samples_them(data: Path) -> None:
    loaded = load_data(config(data), Reporter())
    weights = loaded.validation_weights
    assert weights is not None
    small = [example.path.parent.name == "small" for example in loaded.validation.examples]
    assert weights[small].sum() == pytest.approx(weights.sum() / 3)
    assert weights.mean() == pytest.approx(1)


def test_the_layer_gives_mean_and_deviation_of_each_channel() -> None:
    maps = np.random.default_rng(0).normal(3, 2, (2, 5, 7, 4)).astype(np.float32)
    result = np.asarray(heads.MeanAndDeviation()(maps))
    expected = np.concatenate([maps.mean(axis=(1, 2)), maps.std(axis=(1, 2))], axis=1)
    assert result == pytest.approx(expected, abs=1e-4)


def test_a_probe_separates_the_classes_and_keeps_the_backbone(data: Path) -> None:
    keras.utils.set_random_seed(0)
    settings = config(data)
    model = architectures.RECIPES["v5"].build(SIDE, "none")
    before = model.get_layer("conv_stem").get_weights()[0]
    assert settings.probe
    loaded = load_data(settings, Reporter())
    fit_probe(model, settings, settings.probe, loaded, Reporter())
    assert np.array_equal(model.get_layer("conv_stem").get_weights()[0], before)
    predicted = model.predict(loaded.validation.pixels.astype(np.float32), verbose=0)[:, 0]
    fake = loaded.validation.targets > 0.5
    assert predicted[fake].min() > predicted[~fake].max()


def test_a_probe_can_be_published_or_fine_tuned(data: Path, tmp_path: Path) -> None:
    places = Folders(tmp_path / "models", tmp_path / "logs")
    changes: dict[str, Any] = {"weights": "none", "fine_tuned": 3, "keep_epochs": True}
    published = train(config(data, fine_tune_epochs=2, **changes), places, Reporter())
    (run,) = (tmp_path / "logs" / "v5").iterdir()
    files = {path.name for path in run.glob("*.keras")}
    assert {"probe.keras", "epoch-01.keras", "epoch-02.keras"} <= files
    last, tuned = (
        keras.models.load_model(run / "epoch-02.keras"),
        keras.models.load_model(published),
    )
    for actual, expected in zip(last.get_weights(), tuned.get_weights(), strict=True):
        assert np.array_equal(actual, expected)
    untuned = train(config(data, fine_tune_epochs=0, name="probe", **changes), places, Reporter())
    probe = keras.models.load_model(run / "probe.keras")
    for actual, expected in zip(
        probe.get_weights(), keras.models.load_model(untuned).get_weights(), strict=True
    ):
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_a_probe_needs_portraits(data: Path) -> None:
    settings = config(data).model_copy(update={"portraits": None, "data": str(data / "Plain")})
    assert settings.probe
    loaded = load_data(settings, Reporter())
    with pytest.raises(TrainingError, match="a probe needs `portraits`"):
        fit_probe(
            architectures.RECIPES["v5"].build(SIDE, "none"),
            settings,
            settings.probe,
            loaded,
            Reporter(),
        )


def test_zero_epochs_without_a_probe_are_refused(data: Path) -> None:
    with pytest.raises(ConfigError, match="epochs must be above 0"):
        configured("v5", {"data": str(data), "epochs": 0})


def test_training_can_start_from_a_whole_network(data: Path, tmp_path: Path) -> None:
    original = architectures.RECIPES["v5"].build(SIDE, "none")
    original.save(tmp_path / "saved.keras")
    model = new_model(config(data, start=str(tmp_path / "saved.keras"), weights="none"))
    for expected, actual in zip(original.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(expected, actual)
