"""/api/compare and speed: models side by side on the pictures that all were measured on."""

import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from service_factories import picture, ready_client, settings_for, write_evaluation

from app.core.settings import Settings
from detection_model.evaluation.records import Prediction

PICTURES = {f"{name}.png": picture(level) for name, level in (("a", 10), ("b", 20), ("c", 30))}


def rows(**fake: float) -> list[Prediction]:
    return [
        Prediction(
            f"Test/{label}/{name}.png",
            "D",
            "test",
            "original",
            label,
            fake[name],
            0.0,
            hashlib.sha256(PICTURES[f"{name}.png"]).hexdigest(),
        )
        for name, label in (("a", "Real"), ("b", "Fake"), ("c", "Fake"))
    ]


@pytest.fixture
def measured(prepared: tuple[Path, Path], tmp_path: Path) -> Settings:
    """bright and dark with predictions, nocard without; two of three pictures in data/."""
    models = tmp_path / "models"
    shutil.copytree(prepared[0], models)
    write_evaluation(models / "bright.keras", rows(a=0.1, b=0.9, c=0.55))
    write_evaluation(models / "dark.keras", rows(a=0.2, b=0.3, c=0.55))
    for name, label in (("a", "Real"), ("b", "Fake")):
        file = tmp_path / "data" / "Dataset" / "Test" / label / f"{name}.png"
        file.parent.mkdir(parents=True)
        file.write_bytes(PICTURES[file.name])
    state = tmp_path / "state"
    state.mkdir()
    (state / "cache").symlink_to(prepared[1])
    return settings_for(models, state, data_dir=tmp_path / "data")


def compared(client: TestClient, models: str, **query: str) -> Any:
    answer = client.get("/api/compare", params={"models": models, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_where_models_agree_and_where_not(measured: Settings) -> None:
    with ready_client(measured) as client:
        comparison = compared(client, "bright,dark,nocard")
    assert comparison["models"] == ["bright", "dark", "nocard"]
    assert comparison["not_measured"] == ["nocard"]
    assert comparison["datasets"] == ["D, test"]
    # dark's card puts its threshold at 0.6: it misses c, and b.
    assert [comparison[name] for name in ("pictures", "n_real", "n_fake")] == [3, 1, 2]
    assert [comparison[name] for name in ("agree", "all_right", "all_wrong")] == [1, 1, 0]
    (pair,) = comparison["pairs"]
    assert (pair["only_first_right"], pair["only_second_right"]) == (2, 0)
    assert pair["p_value"] == 0.5
    first, second = comparison["disagreements"]
    assert [call["right"] for call in first["calls"]] == [True, False]
    assert (first["path"], first["picture"]) == ("Test/Fake/b.png", True)
    assert (second["path"], second["picture"]) == ("Test/Fake/c.png", False)


def test_one_data_set_can_be_asked_for(measured: Settings) -> None:
    predictions = measured.models_dir / "bright.eval" / "predictions.csv"
    text = predictions.read_text()
    assert "a.png,D," in text
    predictions.write_text(text.replace("a.png,D,", "a.png,E,"))
    with ready_client(measured) as client:
        comparison = compared(client, "bright,dark", dataset="D")
        other = compared(client, "bright,dark", dataset="E")
    assert (comparison["pictures"], comparison["n_real"], comparison["datasets"]) == (
        2,
        0,
        ["D, test"],
    )
    # dark was not measured on E.
    assert (other["pictures"], other["not_measured"]) == (0, [])


def test_a_changed_threshold_changes_the_comparison(measured: Settings) -> None:
    with ready_client(measured) as client:
        client.patch("/api/models/dark", json={"threshold": 0.25})
        assert compared(client, "bright,dark")["agree"] == 3


def test_a_model_without_predictions_leaves_nothing_to_compare(measured: Settings) -> None:
    with ready_client(measured) as client:
        comparison = compared(client, "bright,nocard")
    assert (comparison["pictures"], comparison["pairs"], comparison["disagreements"]) == (0, [], [])


@pytest.mark.parametrize(
    ("models", "status"), [("bright", 422), ("", 422), ("bright,v99", 404), ("bright,broken", 409)]
)
def test_what_cannot_be_compared_is_refused(client: TestClient, models: str, status: int) -> None:
    assert client.get("/api/compare", params={"models": models}).status_code == status


def show(client: TestClient, name: str) -> Any:
    sha256 = hashlib.sha256(PICTURES[f"{name}.png"]).hexdigest()
    return client.get(f"/api/compare/pictures/{sha256}")


def test_a_test_picture_is_shown_where_it_is_there(measured: Settings) -> None:
    with ready_client(measured) as client:
        answer = show(client, "b")
        assert answer.headers["content-type"] == "image/jpeg"
        image = Image.open(io.BytesIO(answer.content))
        assert image.size == (60, 80)
        assert abs(image.convert("RGB").getpixel((5, 5))[0] - 20) < 3  # type: ignore[index]
        assert show(client, "c").status_code == 404
        assert client.get("/api/compare/pictures/..%2f..%2fetc").status_code in (404, 422)


def test_another_picture_of_the_same_name_is_not_shown(measured: Settings) -> None:
    file = measured.data_dir / "Dataset" / "Test" / "Fake" / "b.png"
    file.write_bytes(picture(200))
    with ready_client(measured) as client:
        assert show(client, "b").json()["error"] == "no_picture"


def test_only_pictures_of_evaluations_are_shown(measured: Settings) -> None:
    private = picture(77)
    (measured.data_dir / "private.png").write_bytes(private)
    with ready_client(measured) as client:
        sha256 = hashlib.sha256(private).hexdigest()
        assert client.get(f"/api/compare/pictures/{sha256}").status_code == 404


def test_a_name_that_leaves_the_data_folder_is_not_followed(measured: Settings) -> None:
    outside = picture(99)
    (measured.data_dir.parent / "outside.png").write_bytes(outside)
    sha256 = hashlib.sha256(outside).hexdigest()
    escaping = Prediction("../outside.png", "D", "test", "original", "Fake", 0.9, 0.0, sha256)
    write_evaluation(measured.models_dir / "bright.keras", [*rows(a=0.1, b=0.9, c=0.9), escaping])
    with ready_client(measured) as client:
        assert client.get(f"/api/compare/pictures/{sha256}").status_code == 404


def test_speed_is_measured_on_this_machine(client: TestClient) -> None:
    speed = client.post("/api/models/bright/speed").json()
    assert speed["runs"] >= 1
    assert 0 < speed["fastest_ms"] <= speed["median_ms"] <= speed["slowest_ms"]
    assert client.post("/api/models/broken/speed").status_code == 409
    assert client.post("/api/models/v99/speed").status_code == 404
