"""The report is one self-contained page; users of the data are warned of its leaks."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from factories import write_dataset
from typer.testing import Result

from detection_model.data import issues
from detection_model.data.audit.checks import Inspection, inspect_data
from detection_model.data.audit.report import (
    HEADER,
    DataReport,
    data_report,
    report_page,
    write_report,
)
from detection_model.data.folders import find_data

Invoke = Callable[..., Result]


def write_record(inspection: Inspection, logs: Path) -> None:
    """Write report.json without the page, whose figures take long."""
    record = data_report(inspection)
    folder = issues.report_folder(logs, record.data, record.fingerprint)
    folder.mkdir(parents=True)
    (folder / issues.REPORT).write_text(record.model_dump_json())


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fakes as PNG, a copy across splits, and a non-picture whose name is markup."""
    root = write_dataset(tmp_path_factory.mktemp("data") / "Leaking", suffixes=("jpg", "png"))
    shutil.copy(root / "Train/Real/004.jpg", root / "Test/Real/again.jpg")
    (root / "Train/Fake/<script>alert(1)<&.png").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    return inspect_data(find_data(write_dataset(tmp_path_factory.mktemp("data") / "Clean")))


@pytest.fixture(scope="module")
def logs(leaking: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    write_report(inspect_data(find_data(leaking)), folder)
    return folder


@pytest.fixture(scope="module")
def report(logs: Path) -> Path:
    (folder,) = (logs / "data").iterdir()
    return folder


def test_the_page_loads_nothing_external(report: Path) -> None:
    text = (report / "index.html").read_text()
    page = Page(text)
    assert {"script", "link", "iframe", "object"}.isdisjoint(tag for tag, _ in page.tags)
    sources = [str(value) for _, tag in page.tags for key, value in tag.items() if key == "src"]
    assert len(sources) == 6
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert not re.search(r"(https?:)?//\w|url\(|@import|href=", re.sub(r'src="[^"]*"', "", text))
    assert len(text) < 1_000_000


def test_the_page_is_accessible(report: Path) -> None:
    page = Page((report / "index.html").read_text())
    assert page.all("html") == [{"lang": "en"}]
    assert all(len(image["alt"] or "") > 20 for image in page.all("img"))
    tables = len(page.all("table"))
    assert tables == len(page.all("caption")) == len(page.all("thead")) > 4
    assert all("scope" in header for header in page.all("th"))


def test_the_page_lists_leaks_first_and_names_unreadable_files(report: Path) -> None:
    page = Page((report / "index.html").read_text())
    severities = [str(item["class"]) for item in page.all("li")]
    assert severities[:2] == ["leak", "leak"]
    assert severities == sorted(severities, key=["leak", "warning", "note"].index)
    assert "by file format alone with an AUC of 1.00" in page.text
    assert "Train/Fake/<script>alert(1)<&.png" in page.text


def test_a_clean_set_is_reported_as_clean(clean: Inspection) -> None:
    page = Page(report_page(clean, data_report(clean)))
    assert [item["class"] for item in page.all("li")] == ["good"]
    assert "no leak found" in page.text


def test_the_table_has_a_row_for_each_picture(report: Path, leaking: Path) -> None:
    with (report / "images.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HEADER
    files = {path.relative_to(leaking).as_posix() for path in leaking.rglob("*.*g")}
    assert {row["path"] for row in rows} == files
    by_path = {row["path"]: row for row in rows}
    first, again = by_path["Train/Real/004.jpg"], by_path["Test/Real/again.jpg"]
    assert first["exact_copies"] == again["exact_copies"] == "1"
    assert first["sha256"] == again["sha256"]
    assert by_path["Train/Real/005.jpg"]["exact_copies"] == ""
    assert (first["format"], first["width"], first["quality"]) == ("JPEG", "96", "75")
    assert by_path["Train/Fake/<script>alert(1)<&.png"]["problem"].startswith("The file")


def test_the_record_matches_the_page(report: Path, leaking: Path) -> None:
    text = (report / "report.json").read_text()
    assert str(leaking.parent) not in text
    record = DataReport.model_validate_json(text)
    assert (record.data, record.inspected, record.pictures) == ("Leaking", 50, 50)
    assert record.classes["Real"].formats == {"JPEG": 25}
    assert record.classes["Fake"].pictures == 24
    assert record.copies[0].pictures == ["Test/Real/again.jpg", "Train/Real/004.jpg"]
    assert len(record.classes["Fake"].radial_spectrum) == 128
    assert {separation.family for separation in record.separations if separation.leaks} >= {
        "file format"
    }


def test_a_report_is_matched_to_the_data_by_their_files(
    leaking: Path, logs: Path, tmp_path: Path
) -> None:
    data = find_data(leaking)
    audit = issues.read_issues(data, logs)
    assert audit is not None
    assert [leak.kind for leak in audit.leaks] == ["exact_duplicates", "format_leak"]
    warnings = issues.data_warnings(data, logs)
    assert warnings == tuple(f"Leaking: {leak.message}" for leak in audit.leaks)
    moved = shutil.copytree(leaking, tmp_path / "elsewhere")
    assert issues.data_warnings(find_data(moved), logs) == warnings


def test_changed_data_count_as_not_inspected(leaking: Path, logs: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(leaking, tmp_path / "Leaking")
    (changed / "Test/Real/again.jpg").unlink()
    assert issues.read_issues(find_data(changed), logs) is None
    assert issues.data_warnings(find_data(changed), logs) is None
    assert "was not inspected for leaks, or has changed since" in issues.not_inspected("Leaking")


def test_another_split_of_the_same_files_counts_as_not_inspected(tmp_path: Path) -> None:
    write_dataset(tmp_path / "whole")
    data = (tmp_path / "whole/Train").rename(tmp_path / "Undivided")
    write_record(inspect_data(find_data(data, seed=1)), tmp_path)
    assert issues.data_warnings(find_data(data, seed=1), tmp_path) == ()
    assert issues.data_warnings(find_data(data, seed=2), tmp_path) is None


def test_an_incomplete_report_is_ignored(leaking: Path, logs: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(logs, tmp_path / "logs")
    (path,) = broken.glob("data/*/report.json")
    path.write_text(path.read_text()[:100])
    assert issues.read_issues(find_data(leaking), broken) is None


def test_a_report_on_a_sample_says_so(clean: Inspection, tmp_path: Path) -> None:
    write_record(clean, tmp_path / "whole")
    assert issues.data_warnings(clean.data, tmp_path / "whole") == ()
    write_record(inspect_data(clean.data, limit=44), tmp_path / "part")
    warnings = issues.data_warnings(clean.data, tmp_path / "part")
    assert warnings is not None
    assert warnings[0] == "Only 44 of the 48 pictures in Clean were inspected for leaks."


def test_issues_are_read_without_heavy_libraries() -> None:
    script = (
        "import sys, detection_model.data.issues;"
        "print([name for name in ('tensorflow', 'sklearn', 'scipy', 'matplotlib')"
        " if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_command_prints_the_leaks_and_the_path_of_the_report(
    invoke: Invoke, leaking: Path, tmp_path: Path
) -> None:
    result = invoke("inspect-data", leaking, "--logs", tmp_path, "--limit", "46")
    assert result.exit_code == 0, result.output
    assert "leak: Fakes and reals can be separated" in result.stdout
    assert "note: Only 46 of 50 pictures" in result.stdout
    (path,) = tmp_path.glob("data/*/report.json")
    assert str(path.parent / "index.html") in result.stdout
    assert json.loads(path.read_text())["inspected"] == 46


def test_the_command_refuses_a_folder_without_pictures(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("inspect-data", tmp_path)
    assert result.exit_code == 2
    assert "no pictures found" in result.stderr
    assert "Traceback" not in result.stderr
