"""Overload: bounded waiting, immediate refusals, and no work for clients that left."""

import asyncio
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_factories import PATIENCE, picture, predict, ready_client, until

from app.core.errors import ClientGoneError, UnavailableError
from app.core.metrics import Metrics
from app.core.resources import available_cpus
from app.core.settings import Settings
from app.inference.admission import Admission
from app.inference.pipeline import PictureResults
from app.inference.pipeline import predict as predict_picture
from app.inference.predictor import Predictor
from app.service import Service
from detection_model.imaging import Limits
from detection_model.inference.pipeline import PredictOptions

WHITE = picture(255)


def test_a_full_service_refuses_at_once_with_retry_after(settings: Settings) -> None:
    with ready_client(settings.model_copy(update={"max_wait": 0.5, "threads": 1})) as client:
        service: Service = client.app.state.service  # type: ignore[attr-defined]
        model = service.model("bright")
        with service.predictor.admitted([model] * 1000):
            response = predict(client, WHITE, model="bright")
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert response.json()["error"] == "busy"
            assert client.get("/api/health").status_code == 200
        assert predict(client, WHITE, model="bright").status_code == 200
        assert predict(client, b"no picture").status_code == 415
        assert service.predictor.expected_wait() == 0


@given(st.floats(0.01, 2), st.integers(1, 8), st.floats(0.1, 2))
def test_nobody_is_let_in_to_wait_longer_than_allowed(
    seconds: float, threads: int, max_wait: float
) -> None:
    admission = Admission(threads=threads, max_wait=max_wait)
    admission.learn("m", seconds)
    inside_now = 0
    with ExitStack() as inside:
        while let_in(inside, admission, "m"):
            inside_now += 1
            mine = seconds / threads
            # A free thread takes any request; after that none waits longer than allowed.
            assert inside_now <= threads or admission.expected_wait() - mine <= max_wait
    assert inside_now >= threads
    assert admission.expected_wait() == 0


def let_in(inside: ExitStack, admission: Admission, model: str) -> bool:
    try:
        inside.enter_context(admission.admitted([model]))
    except UnavailableError:
        return False
    return True


def test_one_models_crowd_leaves_room_for_others() -> None:
    admission = Admission(threads=2, max_wait=1.0)
    admission.learn("slow", 0.5)
    admission.learn("fast", 0.005)
    with ExitStack() as inside:
        while let_in(inside, admission, "slow"):
            pass
        assert let_in(inside, admission, "fast")
        assert not let_in(inside, admission, "slow")


def test_what_calls_take_is_learnt() -> None:
    admission = Admission(threads=1, max_wait=1.0)
    for _ in range(100):
        admission.learn("m", 0.1)
    with admission.admitted(["m"]):
        assert admission.expected_wait() == pytest.approx(0.1)


async def is_here() -> bool:
    return False


class Thread:
    """Work that occupies a thread until it may end."""

    def __init__(self) -> None:
        self._entered, self._leave = threading.Event(), threading.Event()

    def work(self) -> None:
        self._entered.set()
        self._leave.wait(PATIENCE)

    async def entered(self) -> None:
        assert await asyncio.to_thread(self._entered.wait, PATIENCE)

    def leave(self) -> None:
        self._leave.set()


async def until_idle(predictor: Predictor) -> None:
    await asyncio.to_thread(until, lambda: predictor.depth() == 0)


def test_work_that_misses_the_deadline_counts_until_its_thread_is_free() -> None:
    async def run() -> None:
        predictor = Predictor(Limits(), Metrics(), threads=1, max_wait=0.005, deadline=0.01)
        thread = Thread()
        with pytest.raises(UnavailableError, match="no answer within"):
            await predictor.look("slow", thread.work, is_here)
        assert predictor.depth() == 1
        # It took the deadline at least.
        assert predictor.expected_wait() == pytest.approx(0.01)
        with pytest.raises(UnavailableError, match="Too many"):
            await predictor.look("slow", thread.work, is_here)
        thread.leave()
        await until_idle(predictor)
        assert predictor.expected_wait() == 0

    asyncio.run(run())


def test_work_whose_client_has_left_counts_until_its_thread_is_free(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [(service.model("bright"), PredictOptions(0.5, consistency="never"))]
    alone = []

    def told(*args: Any, **options: Any) -> PictureResults:
        alone.append(options["alone"])
        return predict_picture(*args, **options)

    monkeypatch.setattr("app.inference.predictor.predict", told)

    async def run() -> None:
        predictor = Predictor(Limits(), Metrics(), threads=2, max_wait=PATIENCE, deadline=PATIENCE)
        thread = Thread()
        left = asyncio.create_task(predictor.look("slow", thread.work, is_here))
        await thread.entered()
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        assert predictor.depth() == 1
        assert predictor.expected_wait() > 0
        await predictor.predict(WHITE, requests, is_here)
        thread.leave()
        await until_idle(predictor)
        await predictor.predict(WHITE, requests, is_here)

    asyncio.run(run())
    assert alone == [False, True]


@pytest.mark.parametrize("gone", [True, False])
def test_work_starts_only_for_clients_that_still_wait(service: Service, gone: bool) -> None:
    requests = [(service.model("bright"), PredictOptions(0.5, consistency="never"))]
    thread = Thread()

    async def is_gone() -> bool:
        return gone

    async def is_answered() -> bool:
        predictor = Predictor(Limits(), Metrics(), threads=1, max_wait=1.0, deadline=PATIENCE)
        other = asyncio.create_task(predictor.look("other", thread.work, is_here))
        await thread.entered()
        waiting = asyncio.create_task(predictor.predict(WHITE, requests, is_gone))
        await asyncio.sleep(0)  # it finds the only thread occupied
        thread.leave()
        await other
        try:
            await waiting
        except ClientGoneError:
            return False
        return True

    assert asyncio.run(is_answered()) is not gone


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 10_000),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 10_000),
        ({}, 10_000),
    ],
)
def test_threads_follow_the_containers_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], most: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(10_000)))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert available_cpus(tmp_path) == most
