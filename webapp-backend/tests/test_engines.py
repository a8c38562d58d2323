"""Models in memory within a budget, and what is prepared lost under a running service."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from service_factories import picture, predict, prepare, ready_client

from app.core.resources import available_memory
from app.core.settings import Settings
from app.inference.engines import EngineGoneError, EnginePool, PooledEngine
from detection_model.export.litert import LITERT_FILE

BATCH = np.zeros((1, 2, 2, 3), np.float32)


class Constant:
    """An engine that counts how often it was loaded."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.loaded = 0

    def load(self) -> "Constant":
        self.loaded += 1
        return self

    def __call__(self, batch: NDArray[np.float32], *, alone: bool = False) -> NDArray[np.float32]:
        return np.full((len(batch), 1), self.value + alone, np.float32)


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
    st.integers(1, 100),
    st.lists(st.integers(0, 5), max_size=30),
)
def test_engines_stay_within_the_budget_and_all_answer(
    sizes: list[int], budget: int, calls: list[int]
) -> None:
    pool = EnginePool(budget)
    engines = [pool.add(Constant(number).load, size) for number, size in enumerate(sizes)]
    assert pool.used <= budget
    for number in calls:
        engine = engines[number % len(engines)]
        assert engine(BATCH)[0, 0] == number % len(engines)
        assert pool.used <= budget or len(pool) == 1


def test_the_least_recently_used_leaves_first() -> None:
    sources = [Constant(number) for number in range(3)]
    pool = EnginePool(2)
    engines = [pool.add(source.load, 1) for source in sources]
    assert [source.loaded for source in sources] == [1, 1, 0]
    engines[0](BATCH)
    engines[2](BATCH)  # the second leaves
    engines[0](BATCH)
    assert [source.loaded for source in sources] == [1, 1, 1]
    engines[1](BATCH)
    assert [source.loaded for source in sources] == [1, 2, 1]


def test_an_engine_is_loaded_once_for_all_who_ask_at_the_same_time() -> None:
    source, pool = Constant(1), EnginePool(10)
    everyone = threading.Barrier(8)

    def slowly() -> Constant:
        threading.Event().wait(0.05)
        return source.load()

    engine = PooledEngine(pool, slowly, 1)

    def ask(_: int) -> None:
        everyone.wait()
        engine(BATCH)

    with ThreadPoolExecutor(8) as askers:
        list(askers.map(ask, range(8)))
    assert source.loaded == 1


def test_an_engine_that_cannot_be_loaded_says_so_and_is_marked() -> None:
    def missing() -> Constant:
        raise OSError

    engine = PooledEngine(EnginePool(1), missing, 1)
    with pytest.raises(EngineGoneError):
        engine(BATCH)
    assert isinstance(engine.failure, OSError)


def test_every_model_answers_where_only_one_fits_into_memory(settings: Settings) -> None:
    with ready_client(settings.model_copy(update={"models_memory": 1})) as client:
        assert "deepfake_models_ready 3.0" in client.get("/metrics").text
        for _ in range(2):
            for model, says in (("bright", "Fake"), ("dark", "Real"), ("nocard", "Fake")):
                assert predict(client, picture(255), model=model).json()["prediction"] == says
                assert "deepfake_models_in_memory 1.0" in client.get("/metrics").text
        assert len(predict(client, picture(255), models="all").json()["results"]) == 3


def test_a_prepared_form_that_is_damaged_later_costs_a_503_and_is_made_anew(
    settings: Settings, prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    import shutil

    cache = tmp_path / "own"
    shutil.copytree(prepared[1], cache)
    settings.cache_dir.unlink()
    settings.cache_dir.symlink_to(cache)
    with ready_client(settings.model_copy(update={"models_memory": 1})) as client:
        service: Any = client.app.state.service  # type: ignore[attr-defined]
        assert predict(client, picture(255), model="dark").status_code == 200
        for file in cache.glob(f"*/{LITERT_FILE}"):
            file.write_bytes(file.read_bytes()[:-100])
        answer = predict(client, picture(255), model="bright")
        assert (answer.status_code, answer.json()["error"]) == (503, "model_loading")
        assert int(answer.headers["retry-after"]) > 0
        service.registry.refresh()
        assert client.get("/api/models/bright").json()["model"]["state"] == "loading"
        prepare(*prepared[:1], cache)
        service.registry.refresh()
        assert predict(client, picture(255), model="bright").status_code == 200


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("memory.max", "1000000", 1_000_000),
        ("memory/memory.limit_in_bytes", "2000000", 2_000_000),
        ("memory.max", "max", None),
        ("unrelated", "1", None),
    ],
)
def test_memory_follows_the_containers_limit(
    tmp_path: Path, file: str, text: str, expected: int | None
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(f"{text}\n")
    machine = available_memory(tmp_path / "nowhere")
    assert available_memory(tmp_path) == (expected or machine)
    assert machine > 2**28
