"""Counts of a job: system files, copies, and right and wrong verdicts by labelled folders."""

import csv
import io
from typing import Any

from archives import BLACK, WHITE, packed, results, started, state
from fastapi.testclient import TestClient

from app.jobs.archive_worker import ArchiveWorker
from app.service import Service


def judged(client: TestClient, runner: ArchiveWorker, files: dict[str, bytes], **query: Any) -> Any:
    """The archive's counts at the end, and the results by file."""
    job = started(client, packed(files), **query)
    runner.step()
    ended = state(client, job)
    assert ended["state"] == "finished"
    return ended["archive"], {result["file"]: result for result in results(client, job)}


def test_verdicts_on_labelled_folders_are_counted_as_right_and_wrong(
    client: TestClient, runner: ArchiveWorker
) -> None:
    files = {
        "Test/Real/a.png": BLACK,  # real to bright, fake to dark
        "Test/Real/b.png": WHITE,
        "Test/Fake/c.png": WHITE,
        "Test/fake/people/d.png": WHITE,
        "Test/1_fake/half.png": WHITE[:-30],
        "Real/Fake/both.png": WHITE,
        "other/e.png": WHITE,
        "real.png": WHITE,
    }
    counts, pictures = judged(client, runner, files, models="bright,dark,nocard")
    assert {name: picture["label"] for name, picture in pictures.items()} == {
        "Test/Real/a.png": "Real",
        "Test/Real/b.png": "Real",
        "Test/Fake/c.png": "Fake",
        "Test/fake/people/d.png": "Fake",
        "Test/1_fake/half.png": "Fake",
        "Real/Fake/both.png": None,
        "other/e.png": None,
        "real.png": None,
    }
    columns = ("model", "label", "right", "wrong", "undecided", "failed")
    assert [tuple(row[name] for name in columns) for row in counts["labelled"]] == [
        ("bright", "Real", 1, 1, 0, 0),
        ("bright", "Fake", 2, 0, 0, 1),
        ("dark", "Real", 1, 1, 0, 0),
        ("dark", "Fake", 0, 2, 0, 1),
        # A model without a card is never certain.
        ("nocard", "Real", 0, 0, 2, 0),
        ("nocard", "Fake", 0, 0, 2, 1),
    ]


def test_folders_without_a_class_give_no_counts(client: TestClient, runner: ArchiveWorker) -> None:
    counts, _ = judged(client, runner, {"holiday/a.png": WHITE}, model="bright")
    assert counts == {"skipped": [], "copies": 0, "labelled": []}


def test_exact_copies_name_the_first_file(client: TestClient, runner: ArchiveWorker) -> None:
    files = {"a.png": WHITE, "b.png": BLACK, "A.PNG": WHITE, "copy of b.png": BLACK, "x.txt": b"x"}
    counts, pictures = judged(client, runner, files, model="bright")
    copies = {name: picture["copy_of"] for name, picture in pictures.items()}
    expected = {"a.png": None, "b.png": None, "A.PNG": 0, "copy of b.png": 1, "x.txt": None}
    assert copies == expected
    assert counts["copies"] == 2


def test_system_files_are_counted_by_name_in_any_case(
    client: TestClient, runner: ArchiveWorker
) -> None:
    system = (
        *("__MACOSX/._a.png", "__macosx/._b.png", "._c.png", "in/.DS_Store", ".ds_store"),
        *("Thumbs.db", "in/thumbs.DB", "Desktop.ini", "in/@eaDir/a.png/SYNOFILE_THUMB_M.png"),
        *("in/.hidden/a.png", "Icon\r"),
    )
    files = {"a.png": WHITE, **dict.fromkeys(system, WHITE)}
    counts, pictures = judged(client, runner, files, model="bright")
    assert list(pictures) == ["a.png"]
    assert {kind["name"]: kind["count"] for kind in counts["skipped"]} == {
        "__MACOSX": 2,
        "._*": 1,
        ".DS_Store": 2,
        "Thumbs.db": 2,
        "desktop.ini": 1,
        "@eaDir": 1,
        ".*": 1,
        "Icon": 1,
    }


def test_the_table_has_label_outcome_position_and_copy(
    client: TestClient, runner: ArchiveWorker
) -> None:
    files = {"Real/a.png": BLACK, "Real/b.png": WHITE, "Real/c.png": WHITE, "Real/d.txt": b"x"}
    job = started(client, packed(files), model="bright")
    runner.step()
    answer = client.get(f"/api/jobs/{job['id']}/results", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    columns = ("position", "label", "outcome", "copy_of")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("0", "Real", "right", ""),
        ("1", "Real", "wrong", ""),
        ("2", "Real", "wrong", "1"),
        ("3", "Real", "", ""),
    ]


def test_jobs_of_older_versions_have_no_counts(client: TestClient, service: Service) -> None:
    job = started(client, packed({"a.png": WHITE}), model="bright")
    parameters = service.jobs.get(job["id"])
    assert parameters is not None
    older = service.jobs.add("0" * 32, "older.zip", parameters.parameters, 1)
    assert older.archive is None
    assert state(client, {"id": older.id})["archive"] is None
