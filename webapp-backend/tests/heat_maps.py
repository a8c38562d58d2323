"""A model that sees bright spots, pictures with one, and the worker of heat maps."""

import base64
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image
from scenes import encoded

from app.core.settings import Settings
from app.jobs.heat_map_worker import HeatMapWorker
from app.storage.database import Database
from app.storage.jobs import JobStore


def spot_model(path: Path) -> Path:
    """A bright place anywhere speaks for Fake, a dark one for Real."""
    import keras
    from keras import layers

    spots = layers.Conv2D(2, 8, strides=4, activation="relu", padding="same")
    dense = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential(
        [
            keras.Input((64, 48, 3)),
            layers.Rescaling(1 / 255),
            spots,
            layers.GlobalAveragePooling2D(),
            dense,
        ]
    )
    kernel = np.full((8, 8, 3, 2), 1 / 192, np.float32)
    kernel[..., 1] *= -1
    spots.set_weights([kernel, np.asarray([-0.6, 0.4], np.float32)])
    dense.set_weights([np.asarray([[90], [-90]], np.float32), np.zeros(1, np.float32)])
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return path


def spotted(top: int = 16, left: int = 8, level: int = 255, side: int = 24) -> bytes:
    """A grey picture of 128 x 96 pixels with a square spot."""
    pixels = np.full((128, 96, 3), 128, np.uint8)
    pixels[top : top + side, left : left + side] = level
    return encoded(pixels)


SPOT = spotted()


def explain(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/explain", files={"image": ("x.png", data)}, params=query)


def values(answer: Any) -> NDArray[np.float64]:
    """The map's values; NaN where the model did not look."""
    stored = answer["map"]
    levels = np.frombuffer(base64.b64decode(stored["values"]), "<i2").astype(np.float64)
    levels[levels == -32768] = np.nan
    scaled: NDArray[np.float64] = levels * stored["step"]
    return scaled.reshape(stored["height"], stored["width"])


def opened(png: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(png)))


@contextmanager
def heat_map_worker(settings: Settings) -> Iterator[HeatMapWorker]:
    """The worker with its own database connection; `step` makes it do jobs."""
    database = Database(settings.store_url)
    yield HeatMapWorker(JobStore(database), settings)
    database.close()


@contextmanager
def working(settings: Settings) -> Iterator[HeatMapWorker]:
    """The worker on its own thread, which does jobs as they come."""
    ended = threading.Event()
    with heat_map_worker(settings) as worker, ThreadPoolExecutor(1) as thread:

        def run() -> None:
            while not ended.wait(0.01):
                worker.step()

        done = thread.submit(run)
        try:
            yield worker
        finally:
            ended.set()
            done.result()


def accepted(client: TestClient, data: bytes = SPOT, **query: Any) -> Any:
    answer = explain(client, data, **{"model": "spots", "method": "occlusion", **query})
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/explanations/{job['id']}"
    return job


def fetched(client: TestClient, job: Any) -> Any:
    return client.get(f"/api/explanations/{job['id']}")


def uploads(settings: Settings) -> list[Path]:
    return list(settings.jobs_dir.glob("*"))


def in_the_spot(answer: Any) -> bool:
    """The strongest evidence for Fake is in the spot of `SPOT`."""
    levels = values(answer)
    row, column = np.unravel_index(np.nanargmax(levels), levels.shape)
    top, left = row / answer["map"]["height"], column / answer["map"]["width"]
    return bool(16 / 128 <= top <= 40 / 128 and 8 / 96 <= left <= 32 / 96)
