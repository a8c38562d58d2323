"""Converted models give the outputs of Keras, or report why TensorFlow runs them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

from detection_model import architectures
from detection_model.card import file_sha256
from detection_model.export import litert
from detection_model.export.litert import (
    LITERT_FILE,
    conversion_attempt,
    copy_published,
    publish_compiled,
    published_folder,
    read_compiled,
)
from detection_model.inference.detector import ModelError, load_model
from detection_model.inference.runtime import LiteRT, TensorFlow


def save(path: Path, *layers: Any) -> Path:
    import keras

    keras.Sequential([keras.Input((32, 24, 3)), *layers]).save(path)
    return path


def head(units: int, activation: str) -> list[Any]:
    from keras import layers

    return [layers.GlobalAveragePooling2D(), layers.Dense(units, activation=activation)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["v1", "v3"])
def test_the_zoo_converts_with_equal_logits(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.keras"
    architectures.RECIPES[name].build().save(path)
    report = litert.compile_model(path, file_sha256(path), tmp_path)
    assert report.engine == "litert"
    assert report.max_difference <= litert.TOLERANCE
    model = load_model(path)
    pictures = litert.parity_pictures(model.facts)
    expected = TensorFlow(model.logits, height=256, width=256)(pictures)
    engine = LiteRT((tmp_path / LITERT_FILE).read_bytes(), threads=2)
    for alone in (True, False):
        assert np.abs(engine(pictures, alone=alone) - expected).max() < 1e-3


@pytest.mark.slow
def test_concurrent_calls_do_not_mix(tmp_path: Path) -> None:
    path = save(tmp_path / "m.keras", *head(1, "sigmoid"))
    litert.compile_model(path, file_sha256(path), tmp_path)
    engine = LiteRT((tmp_path / LITERT_FILE).read_bytes(), threads=2)
    rng = np.random.default_rng(0)
    batches = [rng.random((1, 32, 24, 3), np.float32) for _ in range(64)]
    expected = [engine(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        result = list(pool.map(lambda at: engine(batches[at], alone=at % 3 == 0), range(64)))
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_a_published_conversion_is_copied_only_if_it_is_whole_and_belongs_to_the_file(
    tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    path = save(tmp_path / "m.keras", *head(1, "sigmoid"))
    sha256 = file_sha256(path)
    output = tmp_path / "output"
    output.mkdir()
    assert copy_published(path, sha256, output) is None

    result = invoke("model", "convert", "m", "--models", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "at most" in result.output
    report = copy_published(path, sha256, output)
    assert report is not None
    assert report.facts == load_model(path).facts
    batch = np.zeros((1, 32, 24, 3), np.float32)
    assert LiteRT((output / LITERT_FILE).read_bytes())(batch).shape == (1, 1)

    assert copy_published(path, "0" * 64, output) is None
    folder = published_folder(path)
    written = (folder / "report.json").read_text()
    (folder / "report.json").write_text(written.replace(report.engine_version, "0.0.1"))
    assert copy_published(path, sha256, output) is None
    (folder / "report.json").write_text(written)
    (folder / LITERT_FILE).write_bytes((folder / LITERT_FILE).read_bytes()[:-1])
    assert copy_published(path, sha256, output) is None


def test_a_converted_model_that_differs_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "m.keras", *head(1, "sigmoid"))
    monkeypatch.setattr(litert, "TOLERANCE", -1.0)
    report = litert.compile_model(path, file_sha256(path), tmp_path)
    assert report.engine == "tensorflow"
    assert "differs" in str(report.note)


@pytest.mark.parametrize(
    ("units", "activation"), [(1, "sigmoid"), (2, "softmax"), (1, "linear"), (3, "softmax")]
)
def test_facts_are_read_from_the_file(tmp_path: Path, units: int, activation: str) -> None:
    facts = load_model(save(tmp_path / "m.keras", *head(units, activation))).facts
    assert (facts.height, facts.width) == (32, 24)
    assert (facts.units, facts.activation) == (units, activation)
    assert not facts.rescales


def test_a_softmax_layer_and_a_nested_head_are_cut(tmp_path: Path) -> None:
    import keras
    from keras import layers

    softmax = load_model(save(tmp_path / "a.keras", *head(2, "linear"), layers.Softmax()))
    assert softmax.facts.activation == "softmax"
    nested = keras.Sequential([keras.Input((3,)), layers.Dense(1, activation="sigmoid")])
    scaled = [layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D(), nested]
    loaded = load_model(save(tmp_path / "b.keras", *scaled))
    assert loaded.facts.activation == "sigmoid"
    assert loaded.facts.rescales
    bright = np.full((1, 32, 24, 3), 255, np.float32)
    weights = [np.full((3, 1), 40, np.float32), np.zeros(1, np.float32)]
    loaded.logits.set_weights(weights)
    assert float(np.asarray(loaded.logits(bright))[0, 0]) == pytest.approx(120)


def test_files_that_are_not_models_are_refused_without_naming_paths(tmp_path: Path) -> None:
    from keras import layers

    (tmp_path / "text.keras").write_text("not a zip")
    (tmp_path / "empty.keras").write_bytes(b"")
    save(tmp_path / "relu.keras", *head(1, "relu"))
    save(tmp_path / "image.keras", layers.Conv2D(1, 3))
    for path in tmp_path.glob("*.keras"):
        with pytest.raises(ModelError) as error:
            load_model(path)
        assert str(tmp_path) not in str(error.value)


def test_a_lambda_layer_is_not_run(tmp_path: Path) -> None:
    from keras import layers

    path = save(tmp_path / "m.keras", layers.Lambda(lambda x: x), *head(1, "sigmoid"))
    with pytest.raises(ModelError, match=r"m\.keras cannot be loaded"):
        load_model(path)


def test_an_incomplete_cache_entry_is_ignored(tmp_path: Path) -> None:
    path = save(tmp_path / "m.keras", *head(1, "sigmoid"))
    output, folder = tmp_path / "made", tmp_path / "entry"
    output.mkdir()
    report = litert.compile_model(path, file_sha256(path), output)
    assert read_compiled(output) is None
    publish_compiled(report, output, folder)
    assert read_compiled(folder) == report
    (folder / LITERT_FILE).unlink()
    assert read_compiled(folder) is None
    (folder / "report.json").write_text("{")
    assert read_compiled(folder) is None


class Killed(BaseException):
    """Stands in for a kill -9."""


@pytest.mark.parametrize(
    ("ends", "attempts"),
    [
        ([Killed, MemoryError, Killed], [1, 2, 3, 4]),
        ([KeyboardInterrupt, OSError, KeyboardInterrupt], [1, 1, 1, 1]),
        ([Killed, KeyboardInterrupt, OSError], [1, 2, 2, 2]),
        ([Killed, None, Killed], [1, 2, 1, 2]),
    ],
)
def test_crashes_are_counted_but_no_orderly_ends(
    tmp_path: Path, ends: list[type[BaseException] | None], attempts: list[int]
) -> None:
    seen = []
    for end in (*ends, None):
        with suppress(*filter(None, ends)), conversion_attempt(tmp_path / "x") as attempt:
            seen.append(attempt)
            if end is not None:
                raise end
    assert seen == attempts


def test_one_worker_at_a_time_converts_a_file(tmp_path: Path) -> None:
    with conversion_attempt(tmp_path / "x") as first:
        for _ in range(5):
            with conversion_attempt(tmp_path / "x") as second:
                assert (first, second) == (1, None)
    with conversion_attempt(tmp_path / "x") as later:
        assert later == 1
