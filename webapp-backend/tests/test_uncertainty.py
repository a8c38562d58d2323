"""Verdicts that say so when a model cannot know: uncertain and out of scope, over HTTP."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from scenes import Bytes, cartoon, classify, codes, face, landscape, plant, shaded
from service_factories import change_card, settings_on

from app.core.settings import Settings
from detection_model.card import Conformal, Steadiness


@pytest.fixture
def settings(face_models: tuple[Path, Path], tmp_path: Path) -> Settings:
    models = Path(shutil.copytree(face_models[0], tmp_path / "models"))  # tests change cards
    return settings_on(models, face_models[1], tmp_path)


def test_a_landscape_is_out_of_scope_as_no_face_is_found(client: TestClient) -> None:
    answer = classify(client, landscape())
    assert (answer["verdict"], answer["judged"], answer["image"]["faces"]) == (
        "out_of_scope",
        "whole",
        0,
    )
    assert "no_face" in codes(answer)
    assert answer["faces"] == []
    assert answer["prediction"] in ("Real", "Fake")
    assert answer["timing_ms"]["faces"] > 0


def test_a_cartoon_is_out_of_scope_as_it_is_drawn(client: TestClient) -> None:
    answer = classify(client, cartoon())
    assert (answer["verdict"], answer["image"]["faces"]) == ("out_of_scope", 1)
    assert codes(answer)[1:] == ["drawing"]
    (face,) = answer["faces"]
    assert face["verdict"] == "out_of_scope"
    # Drawn from 0.28 to 0.72 of the width.
    box = face["box"]
    assert 0.2 < box["left"] < 0.45 < box["left"] + box["width"] < 0.8


def test_an_empty_wall_is_featureless(client: TestClient) -> None:
    answer = classify(client, np.full((90, 90, 3), 250, np.uint8))
    assert answer["verdict"] == "out_of_scope"
    assert codes(answer)[1:] == ["no_face", "featureless"]


def lopsided(strength: float) -> Bytes:
    """A face that is brighter on its left."""
    light = np.linspace(1 + strength, 1 - strength, 200)[None, :, None]
    return (np.full((200, 200, 3), 120.0) * light).astype(np.uint8)


def test_a_verdict_that_a_mirror_turns_is_uncertain_and_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    answer = classify(client, lopsided(0.2), model="lopsided")
    assert (answer["prediction"], answer["verdict"]) == ("Fake", "uncertain")
    assert codes(answer) == ["above_threshold", "unstable"]
    assert answer["reasons"][1].endswith("it flips when the picture is mirrored")
    stability = answer["stability"]
    assert stability["stable"] is False
    assert {change["change"]: change["prediction"] for change in stability["changes"]} == {
        "jpeg_60": "Fake",
        "half_size": "Fake",
        "shift": "Fake",
        "flip": "Real",
    }
    assert answer["faces"][0]["stability"] == stability


def test_stability_is_tried_where_it_is_close_or_where_asked(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    clear, close = shaded(220), shaded(130)
    assert classify(client, clear)["stability"] is None
    assert classify(client, clear, stability="always")["stability"]["stable"] is True
    assert classify(client, close)["stability"] is not None
    assert classify(client, close, stability="never")["stability"] is None
    change_card(client, "faces", steadiness=Steadiness(reach=9, share=1, data="D", pictures=1))
    assert classify(client, clear)["stability"] is not None
    change_card(client, "faces", steadiness=Steadiness(reach=0, share=1, data="D", pictures=1))
    assert classify(client, close)["stability"] is None
    both = {"models": "faces,older"}
    compared = classify(client, close, **both)["results"]
    assert [result["stability"] for result in compared] == [None, None]
    results = classify(client, close, **both, stability="always")["results"]
    assert all(result["stability"] for result in results)


@pytest.mark.parametrize(
    ("real", "fake", "code", "classes"),
    [
        (0.9, 0.9, "conformal_both", ["Real", "Fake"]),
        (0.1, 0.1, "conformal_none", []),
        (0.9, 0.1, "conformal_other", ["Real"]),
    ],
)
def test_a_set_that_is_not_the_predicted_class_alone_is_uncertain(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    real: float,
    fake: float,
    code: str,
    classes: list[str],
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    limits = Conformal(coverage=0.9, real=real, fake=fake, data="D", pictures=100)
    change_card(client, "faces", conformal=limits)
    answer = classify(client, shaded(135), stability="never")
    assert (answer["prediction"], answer["verdict"]) == ("Fake", "uncertain")
    assert codes(answer) == ["above_threshold", code]
    assert answer["conformal"] == {"coverage": 0.9, "classes": classes}
    # They hold for calibrated answers on faces alone.
    for query in ({"calibrate": False}, {"whole": True}):
        assert classify(client, shaded(135), **query)["conformal"] is None


def test_one_predicted_class_alone_is_a_verdict(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    limits = Conformal(coverage=0.9, real=0.3, fake=0.3, data="D", pictures=100)
    change_card(client, "faces", conformal=limits)
    answer = classify(client, shaded(220))
    assert (answer["verdict"], answer["conformal"]["classes"]) == ("fake", ["Fake"])
