"""POST /api/cases: what is kept when somebody says that a verdict is wrong, and what never is."""

import errno
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_factories import picture, predict, ready_client
from typer.testing import CliRunner

from app.core.settings import Settings
from detection_model.evaluation.cases import CaseFile, read_case

WHITE, GREY = picture(255), picture(100)


def say(client: TestClient, data: bytes = WHITE, name: str = "x.png", **fields: Any) -> Any:
    query = {"model": fields.pop("model", "bright")}
    form = {"really": "real", **fields}
    return client.post("/api/cases", files={"image": (name, data)}, data=form, params=query)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.state_dir / "cases"


@pytest.fixture
def small(settings: Settings) -> Iterator[TestClient]:
    """A service that keeps one case, and no picture as large as these."""
    few = settings.model_copy(update={"max_cases": 1, "max_cases_bytes": len(WHITE) - 1})
    with ready_client(few) as client:
        yield client


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def only_case(folder: Path) -> CaseFile:
    (path,) = folder.glob("*.json")
    return read_case(path)


def test_the_service_judges_itself_and_keeps_no_picture_without_consent(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    answer = say(client, name="../../etc/x.png", note="I took this photograph.")
    assert answer.status_code == 201
    prediction = predict(client, WHITE, model="bright").json()
    row = answer.json()["case"]
    assert (row["sha256"], row["claims"]) == (prediction["image"]["sha256"], 1)
    assert (row["really"], row["picture_kept"]) == ("real", False)
    assert answer.json()["results"][0]["prediction"] == "Fake"
    assert files(folder) == [f"{row['sha256']}.json"]
    case = only_case(folder)
    (verdict,) = case.claim.verdicts
    assert (verdict.model, verdict.prediction) == ("bright", "Fake")
    assert (verdict.model_sha256, verdict.fake) == (
        prediction["model_sha256"],
        prediction["probability"]["fake"],
    )
    assert (case.claim.note, case.label) == ("I took this photograph.", "Real")
    assert len(str(case.perceptual_hash)) == 64
    assert "webapp-backend" in case.claim.software
    assert str(tmp_path) not in (folder / files(folder)[0]).read_text()


@pytest.mark.parametrize("forged", ["verdict", "prediction", "model_sha256"])
def test_a_verdict_of_the_client_is_refused(client: TestClient, folder: Path, forged: str) -> None:
    fields: dict[str, Any] = {forged: "real"}
    answer = say(client, **fields)
    assert (answer.status_code, answer.json()["error"]) == (422, "unknown_field")
    assert files(folder) == []


def test_with_consent_the_very_file_is_kept_until_a_claim_without(
    client: TestClient, folder: Path
) -> None:
    assert say(client, keep_picture="true").json()["case"]["picture_kept"] is True
    name = str(only_case(folder).picture)
    assert (folder / name).read_bytes() == WHITE
    answer = say(client, keep_picture="false")
    assert (answer.status_code, answer.json()["case"]["claims"]) == (201, 2)
    assert not (folder / name).exists()
    assert only_case(folder).picture is None


def test_the_same_claim_again_writes_nothing(client: TestClient, folder: Path) -> None:
    assert say(client, keep_picture="true").status_code == 201
    before = {name: (folder / name).stat().st_mtime_ns for name in files(folder)}
    again = say(client, keep_picture="true")
    assert (again.status_code, again.json()["case"]["claims"]) == (200, 1)
    assert {name: (folder / name).stat().st_mtime_ns for name in files(folder)} == before


def test_the_newest_claim_counts_and_only_twenty_are_remembered(
    client: TestClient, folder: Path
) -> None:
    for number in range(22):
        assert say(client, really="fake", note=str(number)).status_code == 201
    assert say(client, really="unsure").json()["case"]["claims"] == 20
    case = only_case(folder)
    assert case.claim.really == "unsure"
    assert case.claims[0].note == "3"


def test_claims_that_come_at_once_are_all_kept(
    client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(path: Path) -> CaseFile:
        case = read_case(path)
        time.sleep(0.1)  # long enough for another claim to come between
        return case

    monkeypatch.setattr("app.storage.case_files.read_case", slow)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: say(client, note=str(number)), range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert sorted(claim.note for claim in only_case(folder).claims) == list("01234567")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"really": "perhaps"}, 422, "invalid_parameter"),
        ({"really": ""}, 422, "invalid_parameter"),
        ({"note": "x" * 2001}, 422, "invalid_parameter"),
        ({"keep_picture": "maybe"}, 422, "invalid_parameter"),
        ({"data": b"these are words"}, 415, "unsupported_format"),
        ({"model": "v99"}, 404, "unknown_model"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(
    client: TestClient, folder: Path, fields: dict[str, Any], status: int, code: str
) -> None:
    assert refused(say(client, **fields)) == (status, code)
    assert files(folder) == []
    assert say(client).status_code == 201


def test_without_saying_what_it_is_nothing_is_kept(client: TestClient, folder: Path) -> None:
    answer = client.post("/api/cases", files={"image": ("x.png", WHITE)})
    assert refused(answer) == (422, "invalid_parameter")
    assert answer.json()["message"].startswith("really:")
    assert files(folder) == []


def test_no_more_is_kept_than_the_settings_allow(small: TestClient, folder: Path) -> None:
    too_large = say(small, keep_picture="true")
    assert refused(too_large) == (503, "cases_full")
    assert "without" in too_large.json()["message"]
    assert say(small).status_code == 201
    another = say(small, GREY)
    assert (refused(another), "retry-after" in another.headers) == ((503, "cases_full"), True)
    assert say(small, really="unsure").status_code == 201
    assert len(files(folder)) == 1


def test_a_folder_that_cannot_be_written_costs_the_case_alone(
    client: TestClient, folder: Path
) -> None:
    folder.write_text("a file is in the way")
    assert refused(say(client)) == (503, "storage_full")
    assert predict(client, WHITE).status_code == 200
    folder.unlink()
    assert say(client).status_code == 201


def test_a_full_disk_leaves_no_half_files(
    client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert refused(say(client, keep_picture="true")) == (503, "storage_full")
    assert files(folder) == []
    assert say(client, keep_picture="true").status_code == 201


def test_a_damaged_case_is_begun_anew(client: TestClient, folder: Path) -> None:
    sha256 = say(client).json()["case"]["sha256"]
    (folder / f"{sha256}.json").write_text("{")
    assert say(client).json()["case"]["claims"] == 1


def test_kept_cases_are_a_regression_set_for_evaluate(
    client: TestClient, settings: Settings, folder: Path
) -> None:
    from detection_model.cli import app

    say(client, really="real", keep_picture="true")  # called Fake
    say(client, GREY, really="real", keep_picture="true")  # called Real
    say(client, picture(30), really="fake")

    def evaluate(*more: str) -> Any:
        where = ["--cases", str(folder), "--models", str(settings.models_dir)]
        return CliRunner().invoke(app, ["evaluate", "bright", *where, *more])

    same = evaluate()
    assert "1 of 2 are right now: 0 fixed, 0 regressed, 1 still wrong." in same.output
    assert "1 without a picture" in same.output
    assert same.exit_code == 0
    worse = evaluate("--threshold", "0")
    assert "0 of 2 are right now: 0 fixed, 1 regressed" in worse.output
    assert worse.exit_code == 1
