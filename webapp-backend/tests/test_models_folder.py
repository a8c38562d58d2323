"""The models folder while it changes: files that come, go, disagree or are damaged."""

import os
import shutil
import threading

import pytest
from fastapi.testclient import TestClient
from service_factories import (
    PREDICTIONS,
    brightness_model,
    card_for,
    picture,
    predict,
    prepare,
    ready_client,
    refresh,
    rows,
    write_evaluation,
)

from app.core.settings import Settings
from app.inference.model_folder import FolderWatch, ModelPath
from app.inference.models import NAME_LENGTH
from app.service import Service
from app.storage.tables import ModelOverride
from detection_model.card import file_sha256, natural_order
from detection_model.export.litert import compile_model

WHITE = picture(255)


def files(client: TestClient) -> dict[str, tuple[str, str | None, str | None]]:
    listing = client.get("/api/models").json()["folder"]["files"]
    return {file["name"]: (file["role"], file["model"], file["problem"]) for file in listing}


def test_a_model_is_added_and_removed_without_a_restart(own_models: Settings) -> None:
    with ready_client(own_models) as client:
        path = own_models.models_dir / "new.keras"
        card_for(brightness_model(path, sign=-1))
        refresh(client)
        assert rows(client)["new"]["state"] == "loading"
        assert client.get("/api/models/new/evaluation").json()["error"] == "model_loading"
        assert predict(client, WHITE, model="new").status_code == 503
        prepare(own_models.models_dir, own_models.cache_dir)
        refresh(client)
        assert predict(client, WHITE, model="new").json()["prediction"] == "Real"
        path.unlink()
        refresh(client)
        assert predict(client, WHITE, model="new").status_code == 404


def test_of_two_refreshes_at_once_the_older_scan_does_not_win(
    own_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ready_client(own_models)
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    scanned, go_on = threading.Event(), threading.Event()
    scan = FolderWatch.scan

    def scan_and_wait(watch: FolderWatch) -> list[ModelPath]:
        paths = scan(watch)
        scanned.set()
        go_on.wait()
        return paths

    monkeypatch.setattr(FolderWatch, "scan", scan_and_wait)
    older = threading.Thread(target=service.registry.refresh)
    older.start()
    scanned.wait()
    monkeypatch.setattr(FolderWatch, "scan", scan)
    card_for(brightness_model(own_models.models_dir / "new.keras"))
    newer = threading.Thread(target=service.registry.refresh)
    newer.start()
    newer.join(timeout=0.5)  # it ends here unless it waits for the older one
    go_on.set()
    older.join()
    newer.join()
    assert "new" in rows(client)


def test_until_file_and_card_agree_the_last_good_pair_answers(own_models: Settings) -> None:
    path = own_models.models_dir / "bright.keras"
    with ready_client(own_models) as client:
        old = file_sha256(path)
        brightness_model(path, sign=-1)
        prepare(own_models.models_dir, own_models.cache_dir)
        refresh(client)
        row = rows(client)["bright"]
        assert row["state"] == "ready"
        assert "sha256 says" in row["problem"]
        answer = predict(client, WHITE, model="bright").json()
        assert (answer["prediction"], answer["model_sha256"]) == ("Fake", old)
        card_for(path)
        refresh(client)
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


def test_a_name_too_long_for_the_database_is_told(own_models: Settings) -> None:
    name = "n" * (NAME_LENGTH + 1)
    assert ModelOverride.name.type.length == NAME_LENGTH
    shutil.copyfile(own_models.models_dir / "bright.keras", own_models.models_dir / f"{name}.keras")
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        row = rows(client)[name]
        assert row["state"] == "broken"
        assert "201 characters" in row["problem"]


def test_an_evaluation_of_another_file_is_not_shown_but_told(own_models: Settings) -> None:
    model = own_models.models_dir / "bright.keras"
    write_evaluation(model, PREDICTIONS)
    brightness_model(model, sign=-1)
    card_for(model)
    prepare(own_models.models_dir, own_models.cache_dir)
    with ready_client(own_models) as client:
        assert rows(client)["bright"]["evaluation"] is None
        assert client.get("/api/models/bright/evaluation").json()["error"] == "not_evaluated"
        assert "of another model file" in str(files(client)["bright.eval"][2])


def test_eval_config_gives_the_threshold_until_one_is_set(own_models: Settings) -> None:
    beside = own_models.models_dir / "eval_config.json"
    with ready_client(own_models) as client:
        assert predict(client, WHITE).json()["threshold_source"] == "card"
        beside.write_text('{"threshold": 1.0}')
        refresh(client)
        answer = predict(client, WHITE).json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Real", "eval_config")
        client.patch("/api/models/bright", json={"threshold": 0.9})
        answer = predict(client, WHITE).json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Fake", "override")
        client.patch("/api/models/bright", json={"threshold": None})
        beside.unlink()
        refresh(client)
        assert predict(client, WHITE).json()["threshold_source"] == "card"


def test_the_folder_and_what_is_wrong_with_each_file(own_models: Settings) -> None:
    folder = own_models.models_dir
    sha256 = file_sha256(folder / "bright.keras")
    write_evaluation(folder / "bright.keras", PREDICTIONS)
    (folder / "gone.json").write_text("{}")
    (folder / "gone.eval").mkdir()
    for name in ("bright.litert", "bad.litert"):
        (folder / name).mkdir()
    report = compile_model(folder / "bright.keras", sha256, folder / "bright.litert")
    (folder / "bright.litert" / "report.json").write_text(report.model_dump_json())
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
        listing = files(client)
        assert {name: role for name, (role, _, _) in listing.items()} == {
            "bad.keras": "model",
            "bad.litert": "conversion",
            "bright.eval": "evaluation",
            "bright.json": "card",
            "bright.keras": "model",
            "bright.litert": "conversion",
            "eval_config.json": "eval_config",
            "gone.eval": "evaluation",
            "gone.json": "card",
            "saved": "other",
            "torch.pth": "other",
        }
        problems = {name: problem for name, (_, _, problem) in listing.items() if problem}
        broken = {"bad.keras", "bad.litert", "gone.eval", "gone.json", "saved", "torch.pth"}
        assert problems.keys() == broken
        assert "model convert bad" in problems["bad.litert"]
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
        models = rows(client)
        assert models["old"]["state"] == "ready"
        assert models["old"]["file"]["name"] == "old.h5"
        old, new = (predict(client, WHITE, model=m).json()["logit"] for m in ("old", "bright"))
        assert old == pytest.approx(new, abs=1e-4)
        assert models["bright"]["file"]["name"] == "bright.keras"
        assert "bright.keras has the same name" in str(files(client)["bright.h5"][2])
        assert models["half"]["state"] == "broken"
        assert "half.h5" in models["half"]["problem"]


def test_names_are_in_natural_order() -> None:
    names = ["v10", "v2", "a20", "v2b", "v"]
    assert sorted(names, key=natural_order) == ["a20", "v", "v2", "v2b", "v10"]


def test_files_that_swap_their_names_are_noticed(own_models: Settings) -> None:
    folder = own_models.models_dir
    first, other = (
        brightness_model(folder / f"{n}.keras", sign=s) for n, s in (("a", 1), ("b", -1))
    )
    for path in (first, other):
        os.utime(path, (1e9, 1e9))
    prepare(folder, own_models.cache_dir)
    with ready_client(own_models) as client:
        before = [predict(client, WHITE, model=n).json()["model_sha256"] for n in ("a", "b")]
        first.rename(folder / "aside")
        other.rename(first)
        (folder / "aside").rename(other)
        refresh(client)
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
