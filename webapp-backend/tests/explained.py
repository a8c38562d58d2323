"""A model that sees bright spots, pictures with one, and a worker's lane for heat maps."""

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


def explain(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/explain", files={"image": ("x.png", data)}, params=query)


def values(answer: Any) -> NDArray[np.float64]:
    """The map's values; NaN where the model did not look."""
    found = answer["map"]
    levels = np.frombuffer(base64.b64decode(found["values"]), "<i2").astype(np.float64)
    levels[levels == -32768] = np.nan
    scaled: NDArray[np.float64] = levels * found["step"]
    return scaled.reshape(found["height"], found["width"])


def opened(png: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(png)))


@contextmanager
def lane(settings: Settings) -> Iterator[HeatMapWorker]:
    """The worker's part, with a connection of its own."""
    database = Database(settings.store_url)
    yield HeatMapWorker(JobStore(database), settings)
    database.close()


@contextmanager
def working(settings: Settings) -> Iterator[HeatMapWorker]:
    """The same, which does jobs on a thread of its own."""
    ended = threading.Event()
    with lane(settings) as runner, ThreadPoolExecutor(1) as thread:

        def run() -> None:
            while not ended.wait(0.01):
                runner.step()

        done = thread.submit(run)
        try:
            yield runner
        finally:
            ended.set()
            done.result()
