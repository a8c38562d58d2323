"""Jobs over HTTP and their runner, in this process; killing the worker is in test_server.py."""

import csv
import io
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from helpers import brightness_model, card_for, picture, prepare, ready_client, settings_for

from app.jobs import lane
from app.jobs import runner as runner_module
from app.jobs.runner import JobRunner
from app.jobs.scoring import score
from app.service import Service
from app.settings import Settings
from app.store.database import Database
from app.store.jobs import Claim, JobStore

WHITE, BLACK = picture(255), picture(0)


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def many(count: int) -> dict[str, bytes]:
    return {f"{number}.png": picture(number % 256) for number in range(count)}


def start(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/jobs", files={"archive": ("faces.zip", data)}, params=query)


def started(client: TestClient, data: bytes, **query: Any) -> Any:
    answer = start(client, data, **query)
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    assert job["state"] == "waiting"
    return job


def state(client: TestClient, job: Any) -> Any:
    return client.get(f"/api/jobs/{job['id']}").json()["job"]


def results(client: TestClient, job: Any) -> Any:
    return client.get(f"/api/jobs/{job['id']}/results", params={"limit": 1000}).json()["results"]


@pytest.fixture
def service(client: TestClient) -> Service:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    return service


@pytest.fixture
def runner(service: Service) -> Iterator[JobRunner]:
    """A runner with a connection of its own, as the worker has."""
    database = Database(service.settings.store_url)
    yield JobRunner(JobStore(database), service.settings)
    database.close()


def test_every_picture_of_an_archive_is_judged_and_every_other_file_explained(
    client: TestClient, runner: JobRunner
) -> None:
    job = started(
        client,
        packed(
            {
                "people/white.png": WHITE,
                "people/black.png": BLACK,
                "notes.txt": b"these are my pictures",
                "half.png": WHITE[:-30],
                "nested.zip": packed({"a.png": WHITE}),
                "empty.jpg": b"",
                "__MACOSX/people/._white.png": b"x",
                "people/.DS_Store": b"x",
                "people/Thumbs.db": b"x",
            }
        ),
        models="bright,dark",
        threshold=0.7,
    )
    assert (job["total"], job["file"], job["kind"]) == (6, "faces.zip", "score")
    runner.step()
    ended = state(client, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 6, 4)
    found = {one["file"]: one for one in results(client, job)}
    said = {
        name: [verdict["prediction"] for verdict in one["verdicts"]] for name, one in found.items()
    }
    assert said == {
        "people/white.png": ["Fake", "Real"],
        "people/black.png": ["Real", "Fake"],
        "notes.txt": [],
        "half.png": [],
        "nested.zip": [],
        "empty.jpg": [],
    }
    errors = {name: one["error"] for name, one in found.items() if one["error"]}
    assert errors == {
        "notes.txt": "unsupported_format",
        "half.png": "truncated_image",
        "nested.zip": "unsupported_format",
        "empty.jpg": "empty_file",
    }
    assert {v["threshold"] for v in found["people/white.png"]["verdicts"]} == {0.7}


def test_a_jobs_verdict_is_that_of_predict(client: TestClient, runner: JobRunner) -> None:
    grey = picture(140, (300, 200), "JPEG")
    job = started(client, packed({"grey.jpg": grey}), models="bright,dark,nocard")
    runner.step()
    (one,) = results(client, job)
    answers = client.post(
        "/api/predict", files={"image": ("x", grey)}, params={"models": "bright,dark,nocard"}
    ).json()["results"]
    for stored, answer in zip(one["verdicts"], answers, strict=True):
        assert stored == {name: answer[name] for name in stored}
    image = answers[0]["image"]
    assert one["image"] == {
        **{name: image[name] for name in image if name in one["image"]},
        "name": "grey.jpg",
    }


def test_results_as_csv(client: TestClient, runner: JobRunner) -> None:
    names = {"=cmd|'/c calc'!A1.png": WHITE, 'ha"ck,\n.png': BLACK, "no.txt": b"no"}
    job = started(client, packed(names), models="bright,dark")
    runner.step()
    answer = client.get(f"/api/jobs/{job['id']}/results", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["file"], row["model"], row["prediction"]) for row in rows] == [
        ("'=cmd|'/c calc'!A1.png", "bright", "Fake"),
        ("'=cmd|'/c calc'!A1.png", "dark", "Real"),
        ('ha"ck, .png', "bright", "Real"),
        ('ha"ck, .png', "dark", "Fake"),
        ("no.txt", "", ""),
    ]
    assert rows[-1]["error"] == "unsupported_format"
    assert float(rows[0]["probability_fake"]) == pytest.approx(0.9975, abs=1e-4)


def encrypted() -> bytes:
    """A file that says it is encrypted."""
    data = bytearray(packed({"a.png": WHITE}, zipfile.ZIP_STORED))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature) + flags
        data[at : at + 2] = struct.pack("<H", 1)
    return bytes(data)


def test_a_file_that_cannot_be_unpacked_costs_only_itself(
    client: TestClient, runner: JobRunner
) -> None:
    damaged = bytearray(packed({"a.png": WHITE, "b.png": BLACK}, zipfile.ZIP_STORED))
    damaged[60] ^= 0xFF  # within a.png: its checksum fails
    for data in (bytes(damaged), encrypted()):
        job = started(client, data, model="bright")
        runner.step()
        first, *others = results(client, job)
        assert first["error"] == "corrupt_image"
        assert all(one["error"] is None for one in others)
        assert state(client, job)["state"] == "finished"


def zip_bomb(files: int, size: int) -> bytes:
    return packed({f"{number}.png": b"\0" * size for number in range(files)})


def many_names(count: int) -> bytes:
    """A directory that names one file again and again."""
    one = packed({"a": b""}, zipfile.ZIP_STORED)
    start_ = one.find(b"PK\x01\x02")
    end = one.find(b"PK\x05\x06")
    directory = one[start_:end] * count
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), start_, 0)
    return one[:start_] + directory + tail


def zip64() -> bytes:
    one = packed({"a.png": WHITE})
    at = one.find(b"PK\x05\x06")
    return one[:at] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + one[at:]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (WHITE, 415, "unsupported_format"),
        (b"", 415, "unsupported_format"),
        (packed({"a.png": WHITE})[:-30], 422, "corrupt_archive"),
        (packed({}), 422, "empty_archive"),
        (packed({"folder/": b""}), 422, "empty_archive"),
        (zip_bomb(3, 4 * 1024**2), 413, "archive_too_large"),
        (packed({f"{n}": b"" for n in range(101)}), 413, "too_many_files"),
        (many_names(50_000), 413, "too_many_files"),
        (zip64(), 413, "too_many_files"),
    ],
)
def test_an_archive_that_is_refused_leaves_nothing(
    settings: Settings, data: bytes, status: int, code: str
) -> None:
    tight = settings.model_copy(
        update={"max_archive_files": 100, "max_unpacked_bytes": 8 * 1024**2}
    )
    with ready_client(tight) as client:
        answer = start(client, data)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert client.get("/api/jobs").json()["total"] == 0
        assert list(tight.jobs_dir.glob("*")) == []
        assert start(client, packed({"a.png": WHITE})).status_code == 202


def test_bad_requests_say_what_to_do(client: TestClient) -> None:
    good = packed({"a.png": WHITE})
    assert start(client, good, model="nobody").status_code == 404
    assert start(client, good, model="broken").status_code == 409
    assert start(client, good, threshold=2).status_code == 422
    assert client.post("/api/jobs", content=b"x").status_code == 415
    assert client.post("/api/jobs", files={"picture": ("a.zip", good)}).status_code == 400
    for path in ("", "/results", "/events"):
        unknown = client.get(f"/api/jobs/{'0' * 32}{path}")
        assert (unknown.status_code, unknown.json()["error"]) == (404, "unknown_job")
    assert client.get("/api/jobs/..%2fstore").status_code in (404, 422)


def test_an_archive_over_the_limit_is_refused_while_it_arrives(settings: Settings) -> None:
    with ready_client(settings.model_copy(update={"max_archive_bytes": 100_000})) as client:
        answer = start(client, b"PK" + b"x" * 300_000)
        assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large")


def test_only_so_many_jobs_wait(settings: Settings) -> None:
    with ready_client(settings.model_copy(update={"max_jobs": 2})) as client:
        good = packed({"a.png": WHITE})
        jobs = [started(client, good) for _ in range(2)]
        full = start(client, good)
        assert (full.status_code, full.json()["error"]) == (503, "busy")
        assert int(full.headers["retry-after"]) > 0
        cancelled = client.post(f"/api/jobs/{jobs[0]['id']}/cancel")
        assert cancelled.json()["job"]["state"] == "cancelled"
        assert start(client, good).status_code == 202


def test_cancelling_ends_a_job_and_deleting_forgets_it(
    client: TestClient, service: Service, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "_BATCH", 4)
    job = started(client, packed(many(40)), model="bright")
    add_results = JobStore.add_results

    def cancelled_meanwhile(store: JobStore, *args: Any) -> bool:
        stored = add_results(store, *args)
        if stored and state(client, job)["done"] == 12:
            answer = client.delete(f"/api/jobs/{job['id']}").json()
            assert answer["outcome"] == "cancelled"
        return stored

    monkeypatch.setattr(JobStore, "add_results", cancelled_meanwhile)
    runner.step()
    ended = state(client, job)
    assert (ended["state"], ended["done"]) == ("cancelled", 12)
    assert len(results(client, job)) == 12
    assert list(service.settings.jobs_dir.glob("*")) == []
    # Pressed again, or too late, Cancel takes nothing away.
    again = client.post(f"/api/jobs/{job['id']}/cancel").json()["job"]
    assert (again["state"], len(results(client, job))) == ("cancelled", 12)
    assert client.delete(f"/api/jobs/{job['id']}").json()["outcome"] == "deleted"
    assert client.get(f"/api/jobs/{job['id']}").status_code == 404
    assert client.get("/api/jobs").json()["total"] == 0


def test_progress_comes_as_events_until_the_end(client: TestClient, runner: JobRunner) -> None:
    job = started(client, packed(many(3)), model="bright")
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events: list[tuple[str, int | None]] = []
        for line in stream.iter_lines():
            if line.startswith("event: "):
                events.append((line.removeprefix("event: "), None))
            elif line.startswith("data: "):
                events[-1] = (events[-1][0], json.loads(line.removeprefix("data: "))["done"])
                if len(events) == 1:
                    runner.step()
    assert events[0] == ("progress", 0)
    assert events[-1] == ("end", 3)


class Killed(BaseException):
    """What a kill -9 looks like from inside."""


def test_results_are_stored_once_through_kills_and_lost_answers(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "_SILENT_SECONDS", 0.0)
    monkeypatch.setattr(runner_module, "_BATCH", 3)
    job = started(client, packed(many(20)), model="bright")
    add_results = JobStore.add_results
    calls = 0

    def unreliable(store: JobStore, *args: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls % 3 == 1:
            raise Killed  # before anything was stored
        stored = add_results(store, *args)
        if calls % 3 == 2:
            raise Killed  # stored, but nobody came to know
        return stored

    monkeypatch.setattr(JobStore, "add_results", unreliable)
    kills = 0
    while state(client, job)["state"] in ("waiting", "running"):
        runner = JobRunner(service.jobs, service.settings)
        try:
            runner.step()
        except Killed:
            kills += 1
    assert kills > 3
    found = results(client, job)
    assert [one["file"] for one in found] == [f"{number}.png" for number in range(20)]
    ended = state(client, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 20, 0)


def test_a_commit_whose_answer_was_lost_is_not_stored_twice(
    client: TestClient, service: Service
) -> None:
    job = started(client, packed(many(2)), model="bright")
    store = service.jobs
    claim = store.claim(store.claimable()[0], "me")
    assert claim is not None
    found = [runner_module._passed_over(FakeArchive(), position) for position in (0, 1)]  # type: ignore[arg-type]
    assert store.add_results(job["id"], "me", found[:1])
    assert store.add_results(job["id"], "me", found)
    assert state(client, job)["done"] == 2
    assert len(results(client, job)) == 2


class FakeArchive:
    def name(self, position: int) -> str:
        return str(position)


def test_a_runner_that_was_given_up_stores_nothing_more(
    client: TestClient, service: Service
) -> None:
    job = started(client, packed(many(2)), model="bright")
    store = service.jobs
    (seen,) = store.claimable()
    assert store.claim(seen, "slow") is not None
    assert store.claim(seen, "too late") is None  # its beat has moved
    assert store.claim(store.claimable()[0], "new") is not None
    found = [runner_module._passed_over(FakeArchive(), 0)]  # type: ignore[arg-type]
    assert not store.add_results(job["id"], "slow", found)
    assert not store.beat(job["id"], "slow")
    assert not store.end(job["id"], "slow", "finished", None)
    assert store.add_results(job["id"], "new", found)


def test_a_job_that_is_being_done_is_not_taken_from_its_runner(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(client, packed(many(2)), model="bright")
    (seen,) = service.jobs.claimable()
    assert service.jobs.claim(seen, "other") is not None
    now = 0.0
    monkeypatch.setattr("app.jobs.runner.time.monotonic", lambda: now)
    watcher = JobRunner(service.jobs, service.settings)
    for _ in range(10):  # it beats
        now += 4
        (job,) = service.jobs.claimable()
        service.jobs.beat(job.id, "other")
        watcher.step()
    assert service.jobs.claimable()[0].waiting is False
    now += 4  # it has fallen silent
    watcher.step()
    assert service.jobs.claimable() != []
    now += 4
    watcher.step()
    assert service.jobs.claimable() == []


def test_a_file_that_ends_the_worker_each_time_is_passed_over(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "_SILENT_SECONDS", 0.0)
    job = started(client, packed(many(6)), model="bright")

    def deadly(archive: Any, position: int, *args: Any) -> Any:
        if position == 4:
            raise Killed
        return score(archive, position, *args)

    monkeypatch.setattr("app.jobs.runner.score", deadly)
    for _ in range(12):
        try:
            JobRunner(service.jobs, service.settings).step()
        except Killed:
            continue
    ended = state(client, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 6, 1)
    assert "ended each time" in results(client, job)[4]["message"]


def test_a_job_waits_for_a_store_that_is_away(
    client: TestClient, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.store.database import StoreUnavailable

    monkeypatch.setattr(lane, "_BEAT_SECONDS", 0.01)
    job = started(client, packed(many(3)), model="bright")
    add_results = JobStore.add_results
    failures = iter([StoreUnavailable("full"), StoreUnavailable("locked")])

    def sometimes(store: JobStore, *args: Any) -> bool:
        for failure in failures:
            raise failure
        return add_results(store, *args)

    monkeypatch.setattr(JobStore, "add_results", sometimes)
    runner.step()
    assert state(client, job)["state"] == "finished"
    assert len(results(client, job)) == 3


def test_a_model_that_was_replaced_fails_the_job_with_its_name(tmp_path: Path) -> None:
    models = tmp_path / "models"
    card_for(brightness_model(models / "m.keras"))
    settings = settings_for(models, tmp_path / "state")
    prepare(models, settings.cache_dir)
    with ready_client(settings) as client:
        job = started(client, packed(many(2)))
        card_for(brightness_model(models / "m.keras", sign=-1))
        prepare(models, settings.cache_dir)
        service: Any = client.app.state.service  # type: ignore[attr-defined]
        JobRunner(service.jobs, settings).step()
        ended = state(client, job)
        assert ended["state"] == "failed"
        assert "m was replaced" in ended["message"]
        assert results(client, job) == []


def test_a_store_that_is_down_is_said_so(settings: Settings) -> None:
    broken = settings.model_copy(update={"database_url": "sqlite:////proc/nowhere/store.sqlite3"})
    with ready_client(broken) as client:
        for answer in (
            start(client, packed({"a.png": WHITE})),
            client.get("/api/jobs"),
            client.get(f"/api/jobs/{'0' * 32}"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
        assert list(broken.jobs_dir.glob("*")) == []


def test_a_full_disk_refuses_an_archive_politely(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import shutil

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        answer = start(client, packed({"a.png": WHITE}))
    assert (answer.status_code, answer.json()["error"]) == (503, "storage_full")
    assert list(service.settings.jobs_dir.glob("*")) == []
    assert start(client, packed({"a.png": WHITE})).status_code == 202


def test_an_archive_that_comes_while_another_is_in_work_is_not_lost(
    client: TestClient, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, work = [started(client, packed(many(1)), model="bright")], runner.work

    def interrupted(claim: Claim) -> None:
        jobs.append(started(client, packed(many(1)), model="bright"))
        work(claim)

    monkeypatch.setattr(runner, "work", interrupted)
    runner.step()
    monkeypatch.setattr(runner, "work", work)
    runner.step()
    assert [state(client, job)["state"] for job in jobs] == ["finished", "finished"]


def test_uploads_go_when_their_job_has_ended_and_old_jobs_go_too(settings: Settings) -> None:
    few = settings.model_copy(update={"keep_jobs": 2})
    with ready_client(few) as client:
        service: Any = client.app.state.service  # type: ignore[attr-defined]
        runner = JobRunner(service.jobs, few)
        jobs = []
        for number in range(4):
            jobs.append(started(client, packed(many(number + 1)), model="bright"))
            runner.step()
        runner.step()
        assert list(few.jobs_dir.glob("*")) == []
        listed = [job["id"] for job in client.get("/api/jobs").json()["jobs"]]
        assert listed == [job["id"] for job in reversed(jobs[1:])]
