"""Conversions of model files, which a worker makes and may not finish."""

from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
from service_factories import (
    brightness_model,
    card_for,
    picture,
    predict,
    prepare,
    ready_client,
    refresh,
    rows,
)

from app.core.settings import Settings
from app.worker import conversion
from detection_model.card import file_sha256
from detection_model.export import litert
from detection_model.export.litert import compiled_folder, conversion_attempt

WHITE = picture(255)


def test_a_fallback_engine_answers_the_same(
    own_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litert, "TOLERANCE", -1.0)
    card_for(brightness_model(own_models.models_dir / "slow.keras"))
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        row = rows(client)["slow"]
        assert row["engine"]["name"] == "tensorflow"
        assert "differs" in row["engine"]["note"]
        slow, fast = (predict(client, WHITE, model=m).json()["logit"] for m in ("slow", "bright"))
        assert slow == pytest.approx(fast, abs=1e-4)


@pytest.mark.parametrize("name", ["report.json", "model.tflite"])
def test_a_damaged_conversion_is_made_again(own_models: Settings, name: str) -> None:
    (file,) = own_models.cache_dir.glob(f"*/{name}")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with ready_client(own_models) as client:
        assert rows(client)["bright"]["state"] == "loading"
        prepare(own_models.models_dir, own_models.cache_dir)
        refresh(client)
        assert rows(client)["bright"]["state"] == "ready"


class Killed(BaseException):
    """Stands in for a kill -9."""


@pytest.fixture
def added(own_models: Settings) -> Path:
    """A model that is not converted yet."""
    path = brightness_model(own_models.models_dir / "added.keras", sign=2)
    card_for(path)
    return path


def test_a_file_that_ends_its_worker_each_time_is_given_up(
    own_models: Settings, added: Path
) -> None:
    folder = compiled_folder(own_models.cache_dir, file_sha256(added))
    for _ in range(3):
        with pytest.raises(Killed), conversion_attempt(folder):
            raise Killed
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert "the worker crashed" in rows(client)["added"]["problem"]


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize("end", [OSError, KeyboardInterrupt])
def test_a_worker_that_is_stopped_or_finds_the_disk_full_has_not_crashed(
    own_models: Settings, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    calls = 0

    def ended(*_: object) -> None:
        nonlocal calls
        calls += 1
        raise end

    with monkeypatch.context() as patched:
        patched.setattr(litert, "compile_model", ended)
        for _ in range(4):
            with suppress(KeyboardInterrupt):
                prepare(own_models.models_dir, own_models.cache_dir)
    assert calls >= 4
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert rows(client)["added"]["state"] == "ready"


def test_a_file_that_another_worker_converts_is_left_to_it(
    own_models: Settings, added: Path
) -> None:
    with conversion_attempt(compiled_folder(own_models.cache_dir, file_sha256(added))):
        for _ in range(4):
            prepare(own_models.models_dir, own_models.cache_dir)
        with ready_client(own_models) as client:
            assert rows(client)["added"]["state"] == "loading"
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert rows(client)["added"]["state"] == "ready"


@pytest.mark.usefixtures("added")
def test_a_file_that_another_worker_has_just_converted_is_not_converted_again(
    own_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(folder: Path) -> AbstractContextManager[int | None]:
        monkeypatch.setattr(conversion, "conversion_attempt", conversion_attempt)
        prepare(own_models.models_dir, own_models.cache_dir)
        monkeypatch.setattr(litert, "compile_model", None)
        return conversion_attempt(folder)

    monkeypatch.setattr(conversion, "conversion_attempt", late)
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert rows(client)["added"]["state"] == "ready"


def test_a_file_that_failed_under_one_name_answers_under_another(own_models: Settings) -> None:
    """The name tells the architecture of weights alone; a failure is no property of the content."""
    import h5py

    from detection_model.architectures import RECIPES

    folder = own_models.models_dir
    wrong = folder / "mobilenetv2.h5"
    RECIPES["meso4"].build().save(wrong)
    with h5py.File(wrong, "a") as file:
        del file.attrs["model_config"]
    with ready_client(own_models) as client:
        prepare(folder, own_models.cache_dir)
        refresh(client)
        assert "weights without a network" in rows(client)["mobilenetv2"]["problem"]
        wrong.rename(folder / "Meso4_DF.h5")
        prepare(folder, own_models.cache_dir)
        refresh(client)
        assert rows(client)["Meso4_DF"]["state"] == "ready"
        assert "mobilenetv2" not in rows(client)
        assert rows(client)["Meso4_DF"]["card"]["output"]["classes"] == ["Fake", "Real"]


def test_a_failure_of_another_keras_is_tried_again(own_models: Settings) -> None:
    from detection_model.export.litert import Compiled, failure_folder, publish_compiled

    path = brightness_model(own_models.models_dir / "late.keras", sign=2)
    card_for(path)
    sha256, cache = file_sha256(path), own_models.cache_dir
    folder = cache / "made"
    folder.mkdir()
    failure = Compiled(sha256=sha256, problem="too new", keras_version="2.0.0")
    publish_compiled(failure, folder, failure_folder(cache, sha256, path.name))
    with ready_client(own_models) as client:
        assert rows(client)["late"]["problem"] == "too new"
        prepare(own_models.models_dir, cache)
        refresh(client)
        assert rows(client)["late"]["state"] == "ready"
