"""/api/history: what is kept of a verdict, how it is found again, and that it never harms one."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from migrations import upgrade
from service_factories import picture, ready_client, until
from sqlalchemy import create_engine

from app.core.settings import Settings
from app.storage.history import HistoryStore, NewEntry

BLACK, WHITE = picture(0), picture(255)


def judge(client: TestClient, data: bytes, name: str = "face.png", **query: Any) -> Any:
    answer = client.post("/api/predict", files={"image": (name, data)}, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def page(client: TestClient, **query: Any) -> Any:
    answer = client.get("/api/history", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def holds(client: TestClient, count: int) -> Callable[[], bool]:
    """A condition: the history, written in the background, has `count` entries."""
    return lambda: page(client)["total"] == count


@pytest.fixture
def history(client: TestClient) -> TestClient:
    """Three uploads: black through all models, white through bright, white through dark."""
    judge(client, BLACK, "Night.png", models="all")
    until(holds(client, 1))
    judge(client, WHITE, "day.png", model="bright")
    until(holds(client, 2))
    judge(client, WHITE, "100%_day.png", model="dark")
    until(holds(client, 3))
    return client


def names(client: TestClient, **query: Any) -> list[str]:
    return [entry["image"]["name"] for entry in page(client, **query)["entries"]]


def test_an_entry_holds_what_was_answered_and_no_picture(client: TestClient) -> None:
    answer = judge(client, WHITE, "face.png", model="bright", threshold=0.9)
    until(holds(client, 1))
    (entry,) = page(client)["entries"]
    sizes = {"size_bytes": len(WHITE), "width": 60, "height": 80, "format": "PNG", "faces": None}
    assert entry["image"] == {"name": "face.png", "sha256": answer["image"]["sha256"], **sizes}
    (verdict,) = entry["verdicts"]
    assert verdict == {name: answer[name] for name in verdict}
    assert (verdict["threshold"], verdict["threshold_source"]) == (0.9, "request")
    assert entry["created"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize("query", [{"model": "bright"}, {"models": "all"}])
def test_an_entry_is_opened_with_its_complete_answer(client: TestClient, query: Any) -> None:
    answer = judge(client, WHITE, **query)
    until(holds(client, 1))
    (entry,) = page(client)["entries"]
    opened = client.get(f"/api/history/{entry['id']}").json()
    assert opened["entry"] == entry
    assert opened["answer"]["results"] == answer.get("results", [answer])
    assert opened["answer"]["agreement"]["models"] == len(entry["verdicts"])


@pytest.mark.parametrize("stored", [None, '{"results": [], "failed": []}'])
def test_an_entry_of_an_older_version_is_opened_without_the_answer(
    history: TestClient, settings: Settings, stored: str | None
) -> None:
    with sqlite3.connect(settings.state_dir / "store.sqlite3") as store:
        store.execute("update history set answer = ?", (stored,))
    store.close()
    entry = page(history)["entries"][0]
    opened = history.get(f"/api/history/{entry['id']}").json()
    assert opened == {"success": True, "entry": entry, "answer": None}


def test_an_unknown_entry_is_not_opened(client: TestClient) -> None:
    answer = client.get("/api/history/1")
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_entry")


def test_entries_are_grouped_by_picture(history: TestClient) -> None:
    night, day, latest = sorted(entry["id"] for entry in page(history)["entries"])
    groups = page(history, by="picture")
    assert groups["total"] == 2
    assert [entry["id"] for entry in groups["entries"]] == [latest, night]
    assert [entry["same_picture"] for entry in groups["entries"]] == [[latest, day], [night]]
    assert page(history, by="picture", limit=1, offset=1)["entries"][0]["id"] == night
    (of_bright, _) = page(history, by="picture", model="bright")["entries"]
    assert (of_bright["id"], of_bright["same_picture"]) == (day, [day])


def test_some_are_chosen_by_id_and_deleted_together(history: TestClient) -> None:
    latest, day, _ = (entry["id"] for entry in page(history)["entries"])
    assert names(history, ids=[latest, day]) == ["100%_day.png", "day.png"]
    deletion = history.delete("/api/history", params={"ids": [latest, day, 10**6]})
    assert deletion.json()["deleted"] == 2
    assert names(history) == ["Night.png"]


def test_newest_first_and_all_verdicts_of_an_upload_together(history: TestClient) -> None:
    assert names(history) == ["100%_day.png", "day.png", "Night.png"]
    of_night = page(history)["entries"][2]["verdicts"]
    assert [verdict["model"] for verdict in of_night] == ["bright", "dark", "nocard"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"model": "dark"}, ["100%_day.png", "Night.png"]),
        ({"prediction": "Fake"}, ["day.png", "Night.png"]),
        ({"model": "bright", "prediction": "Fake"}, ["day.png"]),
        ({"verdict": "uncertain"}, ["Night.png"]),
        ({"search": "DAY"}, ["100%_day.png", "day.png"]),
        ({"search": "0%_"}, ["100%_day.png"]),
        ({"search": "day%"}, []),
        ({"since": "2020-01-01", "search": "night"}, ["Night.png"]),
        ({"until": "2020-01-01T00:00:00Z"}, []),
        ({"model": "v99"}, []),
    ],
)
def test_filters(history: TestClient, query: dict[str, str], expected: list[str]) -> None:
    assert names(history, **query) == expected
    assert page(history, **query)["total"] == len(expected)


def test_it_is_found_by_the_start_of_its_hash(history: TestClient) -> None:
    sha256 = page(history)["entries"][2]["image"]["sha256"]
    assert names(history, search=sha256[:12].upper()) == ["Night.png"]


def test_pages_follow_one_another(history: TestClient) -> None:
    pages = [page(history, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [p["total"] for p in pages] == [3, 3, 3]
    images = [entry["image"]["name"] for p in pages for entry in p["entries"]]
    assert images == ["100%_day.png", "day.png", "Night.png"]


def test_one_is_deleted_and_then_gone(history: TestClient) -> None:
    first = page(history)["entries"][0]["id"]
    assert history.delete(f"/api/history/{first}").json() == {"success": True, "deleted": 1}
    again = history.delete(f"/api/history/{first}")
    assert (again.status_code, again.json()["error"]) == (404, "unknown_entry")
    assert names(history) == ["day.png", "Night.png"]


@pytest.mark.parametrize("at_once", [1, 2000])
def test_what_a_filter_finds_is_deleted_with_its_verdicts(
    history: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("app.storage.history._DELETED_AT_ONCE", at_once)
    assert history.delete("/api/history", params={"model": "dark"}).json()["deleted"] == 2
    assert names(history) == ["day.png"]
    assert history.delete("/api/history").json()["deleted"] == 1
    with sqlite3.connect(settings.state_dir / "store.sqlite3") as store:
        assert store.execute("select count(*) from history_verdicts").fetchone() == (0,)
    store.close()


@pytest.mark.usefixtures("history")
def test_the_owner_is_there_from_the_first_migration_and_empty(settings: Settings) -> None:
    with sqlite3.connect(settings.state_dir / "store.sqlite3") as store:
        assert set(store.execute("select owner from history")) == {(None,)}
    store.close()


def test_it_outlives_a_restart(settings: Settings) -> None:
    with ready_client(settings) as client:
        judge(client, WHITE)  # written when the service stops, if not before
    with ready_client(settings) as client:
        assert names(client) == ["face.png"]


def test_nothing_is_kept_where_it_is_not_wanted(settings: Settings) -> None:
    with ready_client(settings) as client:
        judge(client, WHITE, "secret.png", history=False)
    with ready_client(settings.model_copy(update={"history": False})) as client:
        judge(client, WHITE, "secret.png")
        assert page(client)["recording"] is False
    with ready_client(settings) as client:
        assert page(client)["total"] == 0
        assert page(client)["recording"] is True


@pytest.mark.parametrize(
    ("file_name", "stored_name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\face.jpg", "face.jpg"),
        ("a\x1b[31mb.png", "a [31mb.png"),
        ("x" * 500, "x" * 200),
        ("Porträt 😀.png", "Porträt 😀.png"),
        ("/", None),
    ],
)
def test_a_file_name_is_kept_clean(
    client: TestClient, file_name: str, stored_name: str | None
) -> None:
    judge(client, WHITE, file_name)
    until(holds(client, 1))
    assert names(client) == [stored_name]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1000},
        {"offset": -1},
        {"offset": 2**70},
        {"prediction": "Maybe"},
        {"since": "yesterday"},
        {"ids": "x"},
        {"by": "model"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"search": "a\0b"},
        {"model": "\0"},
    ],
)
def test_a_wrong_filter_is_refused(client: TestClient, query: dict[str, Any]) -> None:
    answer = client.get("/api/history", params=query)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_parameter")


@pytest.mark.parametrize("name", ["search", "model"])
def test_a_filter_that_no_database_can_compare_deletes_nothing(
    history: TestClient, name: str
) -> None:
    answer = history.delete("/api/history", params={name: "\0"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_parameter")
    assert answer.json()["message"].startswith(f"{name}: ")
    assert page(history)["total"] == 3


def test_an_entry_number_that_is_none_is_refused(client: TestClient) -> None:
    assert client.get("/api/history/x").status_code == 422
    assert client.delete("/api/history/x").status_code == 422
    assert client.delete(f"/api/history/{2**70}").status_code == 422


def test_a_store_that_is_down_costs_no_verdict_and_the_entry_comes_later(
    settings: Settings,
) -> None:
    (settings.state_dir / "store.sqlite3").mkdir()  # cannot be opened as a database
    with ready_client(settings) as client:
        judge(client, WHITE, "patient.png")
        answer = client.get("/api/history")
        assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
        assert client.delete("/api/history").status_code == 503
        assert client.delete("/api/history/1").status_code == 503
        (settings.state_dir / "store.sqlite3").rmdir()
        until(holds(client, 1))
        assert names(client) == ["patient.png"]


def test_a_locked_store_costs_no_verdict(settings: Settings) -> None:
    with ready_client(settings) as client:
        judge(client, WHITE, "before.png")
        until(holds(client, 1))
        with sqlite3.connect(settings.state_dir / "store.sqlite3") as store:
            store.execute("begin exclusive")
            judge(client, WHITE, "meanwhile.png")
        store.close()
        until(holds(client, 2))


def test_an_entry_that_cannot_be_written_is_dropped_and_holds_no_other_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add = HistoryStore.add

    def add_none_bad(store: HistoryStore, entries: list[NewEntry]) -> None:
        if any(entry.image.name == "bad.png" for entry in entries):
            raise ValueError("refused")
        add(store, entries)

    monkeypatch.setattr(HistoryStore, "add", add_none_bad)
    (settings.state_dir / "store.sqlite3").mkdir()  # all wait, and are written together
    with ready_client(settings) as client:
        for name in ("first.png", "bad.png", "last.png"):
            judge(client, WHITE, name)
        (settings.state_dir / "store.sqlite3").rmdir()
        until(holds(client, 2))
        assert names(client) == ["last.png", "first.png"]
    assert "1 entries were lost" in caplog.text


def test_entries_of_many_at_once_are_all_there(client: TestClient) -> None:
    sent = [f"{number}.png" for number in range(24)]
    with ThreadPoolExecutor(len(sent)) as senders:
        list(senders.map(lambda name: judge(client, WHITE, name, model="bright"), sent))
    until(holds(client, len(sent)))
    assert sorted(names(client, limit=len(sent))) == sorted(sent)


def test_the_store_is_migrated_once_and_its_files_name_their_revisions(tmp_path: Path) -> None:
    code = (
        "import sys; from sqlalchemy import create_engine\n"
        "from app.storage.database import migrate\n"
        f"migrate(create_engine('sqlite:///{tmp_path}/store.sqlite3'))\n"
        "print('alembic' in sys.modules)"
    )
    outputs = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2)]
    assert outputs == ["True\n", "False\n"]


@pytest.mark.parametrize(
    ("revision", "last"), [(None, "CREATE TABLE service_settings"), ("0003", "ADD COLUMN faces")]
)
def test_a_migration_during_which_the_process_dies_is_done_again(
    settings: Settings, revision: str | None, last: str
) -> None:
    if revision:
        engine = create_engine(settings.store_url)
        upgrade(engine, revision)
        engine.dispose()
    code = (
        "import os; from sqlalchemy import Engine, event\n"
        "from app.storage.database import Database\n"
        "@event.listens_for(Engine, 'after_cursor_execute')\n"
        "def die(_connection, _cursor, statement, *_):\n"
        f"    if {last!r} in statement: os._exit(9)\n"
        f"Database({settings.store_url!r}).session().__enter__()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with ready_client(settings) as client:
        assert page(client)["total"] == 0


def test_a_store_of_a_newer_version_costs_no_verdict(settings: Settings) -> None:
    with ready_client(settings) as client:
        assert client.get("/api/history").status_code == 200
    with sqlite3.connect(settings.state_dir / "store.sqlite3") as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with ready_client(settings) as client:
        assert client.get("/api/history").status_code == 503
        files = {"image": ("x.png", picture(255))}
        assert client.post("/api/predict", files=files).status_code == 200
