"""/api/models: listing, switching, thresholds, evaluations, and a folder that changes."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from helpers import (
    brightness_model,
    card_for,
    picture,
    predict,
    prepare,
    ready_client,
    settings_for,
    write_evaluation,
)

from app.core.settings import Settings
from detection_model.card import file_sha256, natural_order
from detection_model.evaluation.records import Prediction

WHITE = picture(255)
MEASURED = [
    Prediction("a", "D", "test", "original", label, fake, 0.0)
    for label, fake in (("Real", 0.1), ("Real", 0.6), ("Fake", 0.7), ("Fake", 0.9))
]


def rows(client: TestClient) -> dict[str, Any]:
    return {row["name"]: row for row in client.get("/api/models").json()["models"]}


def test_a_broken_file_is_reported_on_its_row_and_harms_no_other(client: TestClient) -> None:
    found = rows(client)
    assert {name: row["state"] for name, row in found.items()} == {
        "bright": "ready",
        "broken": "broken",
        "dark": "ready",
        "nocard": "ready",
    }
    assert "broken.keras is not a Keras file" in found["broken"]["problem"]
    assert found["bright"]["engine"]["name"] == "litert"
    assert found["bright"]["engine"]["max_difference"] < 1e-3
    assert found["bright"]["engine"]["max_logit_difference"] < 1e-3
    assert found["dark"]["card"]["output"]["classes"] == ["Fake", "Real"]
    assert found["nocard"]["assumptions"]


def test_switching_the_active_model_outlives_a_restart(settings: Settings) -> None:
    with ready_client(settings) as client:
        assert client.put("/api/models/active", json={"name": "bright"}).status_code == 200
        assert predict(client, WHITE).json()["model"] == "bright"
        assert client.get("/api/model/info").json()["model_name"] == "bright"
    with ready_client(settings) as client:
        assert client.get("/api/models").json()["active"] == "bright"


@pytest.mark.parametrize(("name", "status"), [("v99", 404), ("broken", 409)])
def test_only_a_model_that_answers_can_be_active(
    client: TestClient, name: str, status: int
) -> None:
    assert client.put("/api/models/active", json={"name": name}).status_code == status


def test_a_threshold_takes_effect_at_once_and_outlives_a_restart(settings: Settings) -> None:
    with ready_client(settings) as client:
        assert predict(client, WHITE, model="bright").json()["prediction"] == "Fake"
        changed = client.patch("/api/models/bright", json={"threshold": 1.0}).json()["model"]
        assert (changed["threshold"], changed["threshold_source"]) == (1.0, "override")
        answer = predict(client, WHITE, model="bright").json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Real", "override")
    with ready_client(settings) as client:
        assert rows(client)["bright"]["threshold"] == 1.0
        client.patch("/api/models/bright", json={"threshold": None})
        answer = predict(client, WHITE, model="bright").json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Fake", "card")


@pytest.mark.parametrize("body", [{"threshold": 2}, {"threshold": "x"}, {}, {"treshold": 0.5}])
def test_a_wrong_threshold_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    assert client.patch("/api/models/bright", json=body).status_code == 422


def test_verdicts_go_on_when_the_store_is_gone(settings: Settings) -> None:
    (settings.state_dir / "store.sqlite3").mkdir()  # cannot be opened as a database
    with ready_client(settings) as client:
        assert predict(client, WHITE, model="bright").status_code == 200
        refused = client.patch("/api/models/bright", json={"threshold": 0.7})
        assert refused.status_code == 503
        assert refused.json()["error"] == "store_unavailable"
        assert "retry-after" in refused.headers
        (settings.state_dir / "store.sqlite3").rmdir()
        assert client.patch("/api/models/bright", json={"threshold": 0.7}).status_code == 200


@pytest.fixture
def own_models(prepared: tuple[Path, Path], tmp_path: Path) -> Settings:
    """A folder with bright only, to change at will."""
    models = tmp_path / "models"
    models.mkdir()
    for name in ("bright.keras", "bright.json"):
        shutil.copy2(prepared[0] / name, models / name)
    settings = settings_for(models, tmp_path / "state")
    prepare(models, settings.cache_dir)
    return settings


def look(client: TestClient) -> None:
    service: Any = client.app.state.service  # type: ignore[attr-defined]
    service.refresh()
    service.refresh()


def test_a_model_is_added_and_removed_without_a_restart(own_models: Settings) -> None:
    with ready_client(own_models) as client:
        path = own_models.models_dir / "new.keras"
        card_for(brightness_model(path, sign=-1))
        look(client)
        assert rows(client)["new"]["state"] == "loading"
        assert client.get("/api/models/new/evaluation").json()["error"] == "model_loading"
        assert predict(client, WHITE, model="new").status_code == 503
        prepare(own_models.models_dir, own_models.cache_dir)
        look(client)
        assert predict(client, WHITE, model="new").json()["prediction"] == "Real"
        path.unlink()
        look(client)
        assert predict(client, WHITE, model="new").status_code == 404


def test_until_file_and_card_agree_the_last_good_pair_answers(own_models: Settings) -> None:
    path = own_models.models_dir / "bright.keras"
    with ready_client(own_models) as client:
        old = file_sha256(path)
        brightness_model(path, sign=-1)
        prepare(own_models.models_dir, own_models.cache_dir)
        look(client)
        row = rows(client)["bright"]
        assert row["state"] == "ready"
        assert "sha256 says" in row["problem"]
        answer = predict(client, WHITE, model="bright").json()
        assert (answer["prediction"], answer["model_sha256"]) == ("Fake", old)
        card_for(path)
        look(client)
        answer = predict(client, WHITE, model="bright").json()
        assert (answer["prediction"], answer["model_sha256"]) == ("Real", file_sha256(path))
        assert rows(client)["bright"]["problem"] is None


def test_a_card_that_contradicts_its_file_is_refused_with_the_field(own_models: Settings) -> None:
    path = own_models.models_dir / "bright.keras"
    card_for(path, input={"height": 65, "width": 48})
    with ready_client(own_models) as client:
        row = rows(client)["bright"]
        assert row["state"] == "broken"
        assert "input.height says 65, the file 64" in row["problem"]


def test_a_fallback_engine_answers_the_same(
    own_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detection_model.export import litert

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
def test_a_damaged_cache_is_made_anew(own_models: Settings, name: str) -> None:
    (file,) = own_models.cache_dir.glob(f"*/{name}")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with ready_client(own_models) as client:
        assert rows(client)["bright"]["state"] == "loading"
        prepare(own_models.models_dir, own_models.cache_dir)
        look(client)
        assert rows(client)["bright"]["state"] == "ready"


def test_a_file_that_ends_its_worker_each_time_is_given_up(own_models: Settings) -> None:
    from detection_model.export.compiled import compiled_folder, count_attempt

    path = brightness_model(own_models.models_dir / "deadly.keras", sign=2)
    folder = compiled_folder(own_models.cache_dir, file_sha256(path))
    for _ in range(3):
        count_attempt(folder)
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert "the worker crashed" in rows(client)["deadly"]["problem"]


def test_the_measured_counts_follow_the_threshold_in_force(own_models: Settings) -> None:
    write_evaluation(own_models.models_dir / "bright.keras", MEASURED)
    with ready_client(own_models) as client:
        assert rows(client)["bright"]["evaluation"]["confusion"]["correct"] == 3
        client.patch("/api/models/bright", json={"threshold": 0.65})
        found = rows(client)["bright"]["evaluation"]
        assert (found["confusion"]["correct"], found["accuracy"]) == (4, 1.0)
        detail = client.get("/api/models/bright/evaluation").json()
        assert detail["evaluation"]["rows"][0]["confusion"]["correct"] == 3
        assert detail["summary"]["confusion"]["correct"] == 4
        assert client.get("/api/model/info").json()["accuracy"] == 1.0


def test_an_evaluation_of_another_file_is_not_shown_but_told(own_models: Settings) -> None:
    model = own_models.models_dir / "bright.keras"
    write_evaluation(model, MEASURED)
    brightness_model(model, sign=-1)
    card_for(model)
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert rows(client)["bright"]["evaluation"] is None
        assert client.get("/api/models/bright/evaluation").json()["error"] == "not_evaluated"
        assert "of another model file" in str(files(client)["bright.eval"][2])


def test_without_any_model_it_is_healthy_but_not_ready(tmp_path: Path) -> None:
    with ready_client(settings_for(tmp_path / "none", tmp_path)) as client:
        health = client.get("/api/health").json()
        assert (health["status"], health["model_loaded"]) == ("healthy", False)
        ready = client.get("/api/ready")
        assert ready.status_code == 503
        assert "models folder" in ready.json()["message"]
        assert predict(client, WHITE).json()["error"] == "no_model"


def test_with_models_it_is_ready(client: TestClient) -> None:
    assert client.get("/api/ready").json()["models"] == ["bright", "dark", "nocard"]
    assert client.get("/api/health").json()["model_loaded"] is True


def test_the_older_shape_of_model_info(client: TestClient) -> None:
    assert client.get("/api/model/info").json() == {
        "success": True,
        "model_name": "dark",
        "version": "1",
        "input_shape": [64, 48, 3],
        "threshold": 0.6,
        "classes": ["Fake", "Real"],
        "accuracy": None,
    }


def test_eval_config_gives_the_threshold_until_one_is_set(own_models: Settings) -> None:
    beside = own_models.models_dir / "eval_config.json"
    with ready_client(own_models) as client:
        assert predict(client, WHITE).json()["threshold_source"] == "card"
        beside.write_text('{"threshold": 1.0}')
        look(client)
        answer = predict(client, WHITE).json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Real", "eval_config")
        client.patch("/api/models/bright", json={"threshold": 0.9})
        answer = predict(client, WHITE).json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Fake", "override")
        client.patch("/api/models/bright", json={"threshold": None})
        beside.unlink()
        look(client)
        assert predict(client, WHITE).json()["threshold_source"] == "card"


def files(client: TestClient) -> dict[str, tuple[str, str | None, str | None]]:
    found = client.get("/api/models").json()["folder"]["files"]
    return {file["name"]: (file["role"], file["model"], file["problem"]) for file in found}


def test_the_folder_and_what_is_wrong_with_each_file(own_models: Settings) -> None:
    folder = own_models.models_dir
    write_evaluation(folder / "bright.keras", MEASURED)
    (folder / "gone.json").write_text("{}")
    (folder / "gone.eval").mkdir()
    (folder / "eval_config.json").write_text("{}")
    (folder / "torch.pth").write_text("x")
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_text("x")
    (folder / "README.md").write_text("for people")
    (folder / ".hidden.keras").write_text("being written")
    (folder / "bad.keras").write_text("x")
    prepare(folder, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert client.get("/api/models").json()["folder"]["shown_as"] == "models"
        found = files(client)
        assert {name: role for name, (role, _, _) in found.items()} == {
            "bad.keras": "model",
            "bright.eval": "evaluation",
            "bright.json": "card",
            "bright.keras": "model",
            "eval_config.json": "eval_config",
            "gone.eval": "evaluation",
            "gone.json": "card",
            "saved": "other",
            "torch.pth": "other",
        }
        problems = {name: problem for name, (_, _, problem) in found.items() if problem}
        assert problems.keys() == {"bad.keras", "gone.eval", "gone.json", "saved", "torch.pth"}
        assert "is not a Keras file" in problems["bad.keras"]
        assert "gone.keras or gone.h5 is missing" in problems["gone.json"]
        assert "PyTorch" in problems["torch.pth"]
        assert "SavedModel" in problems["saved"]
        assert str(folder.parent) not in client.get("/api/models").text


def test_the_folder_has_the_repositorys_name_by_default() -> None:
    assert Settings().models_name == "detection-model/models"
    assert Settings(models_shown_as="faces/models").models_name == "faces/models"


def test_an_h5_file_is_served_and_gives_way_to_keras(own_models: Settings) -> None:
    folder = own_models.models_dir
    card_for(brightness_model(folder / "old.h5"))
    shutil.copy2(folder / "old.h5", folder / "bright.h5")
    (folder / "half.h5").write_bytes((folder / "old.h5").read_bytes()[:1000])
    prepare(folder, own_models.cache_dir)
    with ready_client(own_models) as client:
        found = rows(client)
        assert found["old"]["state"] == "ready"
        assert found["old"]["file"]["name"] == "old.h5"
        old, new = (predict(client, WHITE, model=m).json()["logit"] for m in ("old", "bright"))
        assert old == pytest.approx(new, abs=1e-4)
        assert found["bright"]["file"]["name"] == "bright.keras"
        assert "bright.keras has the same name" in str(files(client)["bright.h5"][2])
        assert found["half"]["state"] == "broken"
        assert "half.h5" in found["half"]["problem"]


def test_a_file_that_failed_under_one_name_answers_under_another(own_models: Settings) -> None:
    """The name tells the architecture of weights alone; a failure is no property of the content."""
    import h5py

    from detection_model.architectures import ZOO

    folder = own_models.models_dir
    wrong = folder / "mobilenetv2.h5"
    ZOO["meso4"].build().save(wrong)
    with h5py.File(wrong, "a") as file:
        del file.attrs["model_config"]
    with ready_client(own_models) as client:
        prepare(folder, own_models.cache_dir)
        look(client)
        assert "weights without a network" in rows(client)["mobilenetv2"]["problem"]
        wrong.rename(folder / "Meso4_DF.h5")
        prepare(folder, own_models.cache_dir)
        look(client)
        assert rows(client)["Meso4_DF"]["state"] == "ready"
        assert "mobilenetv2" not in rows(client)
        assert rows(client)["Meso4_DF"]["card"]["output"]["classes"] == ["Fake", "Real"]


def test_a_failure_of_another_keras_is_tried_again(own_models: Settings) -> None:
    from detection_model.export.compiled import Compiled, failure_folder, publish_compiled

    path = brightness_model(own_models.models_dir / "late.keras", sign=2)
    card_for(path)
    sha256, cache = file_sha256(path), own_models.cache_dir
    made = cache / "made"
    made.mkdir()
    failed = Compiled(sha256=sha256, problem="too new", keras_version="2.0.0")
    publish_compiled(failed, made, failure_folder(cache, sha256, path.name))
    with ready_client(own_models) as client:
        assert rows(client)["late"]["problem"] == "too new"
        prepare(own_models.models_dir, cache)
        look(client)
        assert rows(client)["late"]["state"] == "ready"


def test_files_that_swap_their_names_are_noticed(own_models: Settings) -> None:
    folder = own_models.models_dir
    one, other = (brightness_model(folder / f"{n}.keras", sign=s) for n, s in (("a", 1), ("b", -1)))
    for path in (one, other):
        os.utime(path, (1e9, 1e9))
    prepare(folder, own_models.cache_dir)
    with ready_client(own_models) as client:
        before = [predict(client, WHITE, model=n).json()["model_sha256"] for n in ("a", "b")]
        one.rename(folder / "aside")
        other.rename(one)
        (folder / "aside").rename(other)
        look(client)
        after = [predict(client, WHITE, model=n).json()["model_sha256"] for n in ("a", "b")]
        assert after == before[::-1]


@pytest.mark.parametrize("name", ["odd.h5", "ODD.KERAS", "odd.hdf5"])
def test_a_file_with_another_ending_is_served(own_models: Settings, name: str) -> None:
    path = own_models.models_dir / name
    shutil.copyfile(own_models.models_dir / "bright.keras", path)
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert rows(client)[path.stem]["state"] == "ready"
        assert files(client)[name][0] == "model"


def test_names_are_in_natural_order() -> None:
    names = ["v10", "v2", "a20", "v2b", "v"]
    assert sorted(names, key=natural_order) == ["a20", "v", "v2", "v2b", "v10"]
