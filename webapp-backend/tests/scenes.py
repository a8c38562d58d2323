"""Generated pictures in which faces are planted, and models that react to what is planted."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from service_factories import brightness_model, card_for, predict

from detection_model.card import InputSpec
from detection_model.faces import Face

Bytes = NDArray[np.uint8]
INPUT = InputSpec(height=64, width=48, face_margin=0.3).model_dump()


def encoded(pixels: Bytes, format_: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_, **options)
    return buffer.getvalue()


def shaded(brightness: float, height: int = 200, width: int = 200, seed: int = 0) -> Bytes:
    """Soft shapes around a brightness: neither featureless nor drawn."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
    shapes = np.asarray(soft.resize((width, height), Image.Resampling.BICUBIC), np.float64)
    drawn: Bytes = np.clip(brightness + (shapes - shapes.mean()) / 4, 0, 255).astype(np.uint8)
    return drawn


def landscape() -> Bytes:
    """A sky, hills, and no face."""
    rng = np.random.default_rng(3)
    height, width = 240, 360
    sky = np.linspace((120, 160, 230), (220, 220, 240), height)[:, None].repeat(width, axis=1)
    for number, colour in enumerate(((90, 120, 90), (60, 90, 50), (40, 60, 30))):
        ridge = 100 + 40 * number + 25 * np.sin(np.arange(width) / (40 + 17 * number))
        sky[np.arange(height)[:, None] > ridge] = colour
    return np.clip(sky + rng.normal(0, 6, sky.shape), 0, 255).astype(np.uint8)


def cartoon() -> Bytes:
    """A drawn face that BlazeFace finds."""
    image = Image.new("RGB", (512, 512), (90, 170, 220))
    draw = ImageDraw.Draw(image)
    draw.ellipse((110, 40, 402, 400), (60, 30, 10), (20, 20, 20), 4)
    draw.ellipse((40, 420, 472, 700), (200, 60, 60), (20, 20, 20), 4)
    draw.ellipse((146, 100, 366, 400), (241, 194, 125), (20, 20, 20), 4)
    for x in (200, 312):
        draw.ellipse((x - 28, 210, x + 28, 250), "white", (20, 20, 20), 4)
        draw.ellipse((x - 13, 217, x + 13, 243), (40, 70, 120))
        draw.rectangle((x - 30, 185, x + 30, 192), (60, 30, 10))
    draw.line((256, 250, 246, 300, 264, 300), (20, 20, 20), 4)
    draw.arc((210, 300, 302, 360), 20, 160, (160, 40, 40), 8)
    draw.pieslice((140, 80, 372, 300), 180, 360, (60, 30, 10))
    return np.asarray(image.resize((256, 256), Image.Resampling.LANCZOS))


def face(left: float, top: float, side: float) -> Face:
    return Face(left, top, left + side, top + side, 0.9, np.zeros((6, 2), np.float32))


def plant(monkeypatch: pytest.MonkeyPatch, *faces: Face) -> None:
    """These faces are found, whatever the picture."""
    monkeypatch.setattr("detection_model.inference.crops.find_faces", lambda _pixels: list(faces))


def write_models(models: Path) -> None:
    """`faces`: a bright face is Fake. `lopsided`: one that is brighter on its left is Fake."""
    card_for(brightness_model(models / "faces.keras"), input=INPUT)
    card_for(_lopsided_model(models / "lopsided.keras"), input=INPUT)
    card_for(brightness_model(models / "older.keras"))


def _lopsided_model(path: Path) -> Path:
    import keras
    from keras import layers

    dense = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential(
        [keras.Input((64, 48, 3)), layers.Rescaling(1 / 255), layers.Flatten(), dense]
    )
    weights = np.full((64, 48, 3), 20 / (64 * 48 * 3), np.float32)
    weights[:, 24:] *= -1
    dense.set_weights([weights.reshape(-1, 1), np.zeros(1, np.float32)])
    model.save(path)
    return path


def classify(client: TestClient, pixels: Bytes, **query: Any) -> Any:
    """The answer to a picture; by the model `faces` unless the query has `model` or `models`."""
    model = {} if "models" in query else {"model": "faces"}
    response = predict(client, encoded(pixels), **{**model, **query})
    assert response.status_code == 200, response.text
    return response.json()


def codes(answer: Any) -> list[str]:
    """The codes of a verdict's reasons, which its texts follow."""
    messages = [reason["message"] for reason in answer["explained"]]
    assert answer.get("reasons", messages) == messages
    return [reason["code"] for reason in answer["explained"]]
