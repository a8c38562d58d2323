"""Jobs over HTTP and their runner, in this process; killing the worker is in test_server.py."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from archives import BLACK, WHITE, many, packed, results, start, started, state
from fastapi.testclient import TestClient
from service_factories import picture, ready_client

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.jobs.csv_table import csv_lines
from app.schemas.jobs import JobPicture
from app.service import Service
from app.storage.database import StoreUnavailable
from app.storage.jobs import Claim, JobStore


def test_every_picture_of_an_archive_is_judged_and_every_other_file_explained(
    client: TestClient, runner: ArchiveWorker
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
    skipped = {kind["name"]: kind["count"] for kind in job["archive"]["skipped"]}
    assert skipped == {"__MACOSX": 1, ".DS_Store": 1, "Thumbs.db": 1}
    runner.step()
    ended = state(client, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 6, 4)
    pictures = {picture["file"]: picture for picture in results(client, job)}
    predictions = {
        name: [verdict["prediction"] for verdict in picture["verdicts"]]
        for name, picture in pictures.items()
    }
    assert predictions == {
        "people/white.png": ["Fake", "Real"],
        "people/black.png": ["Real", "Fake"],
        "notes.txt": [],
        "half.png": [],
        "nested.zip": [],
        "empty.jpg": [],
    }
    errors = {name: picture["error"] for name, picture in pictures.items() if picture["error"]}
    assert errors == {
        "notes.txt": "unsupported_format",
        "half.png": "truncated_image",
        "nested.zip": "unsupported_format",
        "empty.jpg": "empty_file",
    }
    assert {v["threshold"] for v in pictures["people/white.png"]["verdicts"]} == {0.7}


def test_a_jobs_verdict_is_that_of_predict(client: TestClient, runner: ArchiveWorker) -> None:
    grey = picture(140, (300, 200), "JPEG")
    job = started(client, packed({"grey.jpg": grey}), models="bright,dark,nocard")
    runner.step()
    (result,) = results(client, job)
    answers = client.post(
        "/api/predict", files={"image": ("x", grey)}, params={"models": "bright,dark,nocard"}
    ).json()["results"]
    for verdict, answer in zip(result["verdicts"], answers, strict=True):
        assert verdict == {name: answer[name] for name in verdict}
    image = answers[0]["image"]
    assert result["image"] == {
        **{name: image[name] for name in image if name in result["image"]},
        "name": "grey.jpg",
    }


def test_results_as_csv(client: TestClient, runner: ArchiveWorker) -> None:
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
    client: TestClient, service: Service, runner: ArchiveWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArchiveWorker, "files_per_commit", 4)
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


def test_progress_comes_as_events_until_the_end(client: TestClient, runner: ArchiveWorker) -> None:
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


def test_an_archive_that_comes_while_another_is_in_work_is_not_lost(
    client: TestClient, runner: ArchiveWorker, monkeypatch: pytest.MonkeyPatch
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
        runner = ArchiveWorker(service.jobs, few)
        jobs = []
        for number in range(4):
            jobs.append(started(client, packed(many(number + 1)), model="bright"))
            runner.step()
        runner.step()
        assert list(few.jobs_dir.glob("*")) == []
        ids = [job["id"] for job in client.get("/api/jobs").json()["jobs"]]
        assert ids == [job["id"] for job in reversed(jobs[1:])]


def test_an_archive_goes_when_its_own_job_ends(
    client: TestClient, runner: ArchiveWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, work = [started(client, packed(many(1)), model="bright") for _ in range(2)], runner.work
    there: list[set[str]] = []

    def watched(claim: Claim) -> None:
        there.append({path.stem for path in runner._settings.jobs_dir.glob("*")})
        work(claim)

    monkeypatch.setattr(runner, "work", watched)
    runner.step()
    assert there == [{jobs[0]["id"], jobs[1]["id"]}, {jobs[1]["id"]}]


def test_a_job_is_accepted_even_if_older_ones_cannot_be_deleted_now(
    client: TestClient, runner: ArchiveWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(JobStore, "delete_oldest", unavailable)
    job = started(client, packed(many(1)), model="bright")
    runner.step()
    assert state(client, job)["state"] == "finished"


def test_a_table_of_a_failing_store_is_an_error_and_never_looks_complete() -> None:
    picture = JobPicture(position=0, file="a.jpg", error="corrupt_image", message="Bad.")

    def failing(pictures: int) -> Iterator[JobPicture]:
        for _ in range(pictures):
            yield picture
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        next(csv_lines(failing(0)))
    lines: list[str] = []
    with pytest.raises(StoreUnavailable):
        lines.extend(csv_lines(failing(2)))
    *_, last = csv.DictReader(io.StringIO("".join(lines)))
    assert last["error"] == "store_unavailable"
    assert "incomplete" in last["message"]


def test_a_table_without_a_store_is_refused_before_it_begins(
    client: TestClient, runner: ArchiveWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(client, packed(many(2)), model="bright")
    runner.step()

    def unavailable(*_: object) -> list[JobPicture]:
        raise StoreUnavailable

    monkeypatch.setattr(JobStore, "results", unavailable)
    answer = client.get(f"/api/jobs/{job['id']}/results", params={"format": "csv"})
    assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
