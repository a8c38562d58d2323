"""Bulk scoring: exactly one row for each picture, despite killed processes and damaged files."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_scorer import bright_scorer
from factories import Cli, file_bytes
from PIL import Image
from typer.testing import Result

from detection_model import load, predict
from detection_model.bulk.executors import Executor, LocalProcesses, RayTasks, score_missing
from detection_model.bulk.results import LISTING, Results, ResultsError, open_results
from detection_model.bulk.sources import Item, SourceError, list_items, read_item
from detection_model.card import TemperatureCalibrator

SIDE = 48


def png(level: int) -> bytes:
    """A grey picture; `BrightScorer` calls bright ones Fake and crashes on black ones."""
    return file_bytes(Image.fromarray(np.full((SIDE, SIDE, 3), level, np.uint8)), "PNG")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """100 grey pictures in two folders, half of them bright."""
    folder = tmp_path / "pictures"
    for number in range(100):
        target = folder / ("a" if number < 70 else "b/c") / f"{number:03}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(png(60 if number % 2 else 200))
    return folder


@pytest.fixture
def local() -> Iterator[Executor]:
    executor = LocalProcesses(bright_scorer(), workers=2)
    yield executor
    executor.close()


def open_run(out: Path, *sources: Path | str, part_size: int = 8) -> Results:
    out.mkdir(exist_ok=True)
    return open_results(out, [str(source) for source in sources], bright_scorer(), part_size)


def rows_of(out: Path) -> list[dict[str, Any]]:
    """All rows, as any reader of Parquet folders sees them."""
    rows: list[dict[str, Any]] = pq.read_table(out).to_pylist()
    return rows


def test_each_picture_of_folders_archives_and_tables_is_one_row(
    tmp_path: Path, pictures: Path, local: Executor
) -> None:
    (pictures / ".DS_Store").write_bytes(b"x")
    (pictures / "a" / "Thumbs.db").write_bytes(b"x")
    (pictures / "notes.txt").write_text("no picture")
    with zipfile.ZipFile(pictures / "more.zip", "w") as archive:
        archive.writestr("in/bright.png", png(200))
        archive.writestr("in/dark.png", png(60))
        archive.writestr("__MACOSX/in/._dark.png", b"x")
    names = ["a/000.png", "gone.png", str(pictures / "a" / "001.png")]
    pq.write_table(pa.table({"path": names}), pictures / "paths.parquet")
    table = pa.table({"bytes": [png(200), b"", None, png(60)]})
    pq.write_table(table, tmp_path / "bytes.parquet", row_group_size=3)
    structs = pa.array([{"bytes": png(200), "path": None}, {"bytes": None, "path": "gone.png"}])
    pq.write_table(pa.table({"image": structs}), tmp_path / "images.parquet")

    out = tmp_path / "out"
    sources = (pictures, tmp_path / "bytes.parquet", tmp_path / "images.parquet")
    results = open_run(out, *sources)
    score_missing(results, local, lambda _done, _total: None)
    counts = results.finish().counts

    assert counts == {
        "real": 53,
        "fake": 54,
        "error: unsupported_format": 1,
        "error: unreadable_file": 2,
        "error: empty_file": 1,
        "error: corrupt_table": 1,
    }
    rows = rows_of(out)
    assert max(Counter((row["file"], row["position"]) for row in rows).values()) == 1
    by_place = {(Path(row["file"]).name, row["position"]): row for row in rows}
    assert by_place["more.zip", 1]["name"] == "in/dark.png"
    assert by_place["more.zip", 1]["prediction"] == "Real"
    assert by_place["paths.parquet", 0]["sha256"] == by_place["000.png", None]["sha256"]
    assert by_place["bytes.parquet", 3]["prediction"] == "Real"
    assert by_place["000.png", None]["width"] == SIDE


def test_a_link_to_a_folder_above_lists_no_picture_twice(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.png").write_bytes(png(200))
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(tmp_path / "in")
    files = [item.file for item in list_items([str(tmp_path)])]
    assert files == [str(tmp_path / "in" / "1.png"), str(tmp_path / "other" / "1.png")]


def test_a_broken_link_and_a_name_that_is_not_utf8_are_rows(
    tmp_path: Path, local: Executor
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "gone.png").symlink_to(folder / "missing.png")
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(png(200))
    (folder / "good.png").write_bytes(png(200))
    results = open_run(tmp_path / "out", folder)
    score_missing(results, local, lambda _done, _total: None)
    assert results.finish().counts == {"error: unreadable_file": 2, "fake": 1}
    names = {Path(row["file"]).name for row in rows_of(tmp_path / "out")}
    assert names == {"gone.png", "caf\\xe9.png", "good.png"}


def test_a_column_is_taken_by_its_type(tmp_path: Path) -> None:
    names = str(tmp_path / "names.parquet")
    texts = pa.array(["a.png"]).dictionary_encode()
    pq.write_table(pa.table({"image": [7], "file": texts}), names)
    assert list(list_items([names])) == [Item(names, 0, "a.png")]
    numbers = str(tmp_path / "numbers.parquet")
    pq.write_table(pa.table({"file": [1, 2]}), numbers)
    assert list(list_items([numbers])) == [Item(numbers, None, "")]


@pytest.mark.parametrize("name", ["broken.zip", "broken.parquet", "columns.parquet"])
def test_a_damaged_archive_or_table_is_one_row_with_its_code(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "columns.parquet":
        pq.write_table(pa.table({"other": [1, 2]}), path)
    else:
        path.write_bytes(b"PK\x03\x04 or PAR1, but not more")
    assert list(list_items([str(path)])) == [Item(str(path), None, "")]
    with pytest.raises(SourceError) as error:
        read_item(Item(str(path), None, ""))
    assert error.value.code == ("corrupt_archive" if name == "broken.zip" else "corrupt_table")


def test_a_run_resumes_with_the_missing_parts(
    tmp_path: Path, pictures: Path, local: Executor
) -> None:
    out = tmp_path / "out"
    score_missing(open_run(out, pictures), local, lambda _done, _total: None)
    before = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    deletions = sorted(before)[3:5]
    for path in deletions:
        path.unlink()
    (out / ".unfinished-1-part-00000003.parquet").write_bytes(b"half")
    (out / "notes.txt").write_text("of a person")
    (pictures / "later.png").write_bytes(png(200))

    reports: list[tuple[int, int]] = []
    results = open_run(out, pictures)
    score_missing(results, local, lambda done, total: reports.append((done, total)))
    results.finish()
    assert reports[0] == (84, 100)
    assert reports[-1] == (100, 100)
    after = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert {path for path in before if after[path] != before[path]} == set(deletions)
    (out / "notes.txt").unlink()
    assert len({row["file"] for row in rows_of(out)}) == len(rows_of(out)) == 100
    assert not list(out.glob(".unfinished*"))


@pytest.mark.slow
def test_a_picture_that_kills_its_process_is_an_error_row_and_the_others_are_scored(
    tmp_path: Path, pictures: Path, local: Executor
) -> None:
    (pictures / "a" / "042.png").write_bytes(png(0))
    results = open_run(tmp_path / "out", pictures, part_size=50)
    score_missing(results, local, lambda _done, _total: None)
    assert results.finish().counts == {"error: worker_ended": 1, "fake": 49, "real": 50}


def test_a_folder_of_another_run_is_refused(tmp_path: Path, pictures: Path) -> None:
    out = tmp_path / "out"
    open_run(out, pictures)
    with pytest.raises(ResultsError, match="its sources is"):
        open_run(out, pictures / "a")
    scorer = bright_scorer()
    (model,) = scorer.models
    card = model.card.model_copy(update={"calibrator": TemperatureCalibrator(temperature=2)})
    recalibrated = replace(scorer, models=(replace(model, card=card),))
    with pytest.raises(ResultsError, match="the model's card was different"):
        open_results(out, [str(pictures)], recalibrated, 8)
    ensemble = replace(scorer, ensemble=card)
    with pytest.raises(ResultsError, match="the model's card was different"):
        open_results(out, [str(pictures)], ensemble, 8)
    (out / "_manifest.json").unlink()
    (out / "part-00000000.parquet").write_bytes(b"x")
    with pytest.raises(ResultsError, match="without _manifest"):
        open_run(out, pictures)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ResultsError, match="no pictures"):
        open_run(tmp_path / "new", empty)
    with pytest.raises(SourceError, match="no such file"):
        open_run(tmp_path / "new", tmp_path / "missing")


def test_ray_gives_the_same_rows_as_local_processes(
    tmp_path: Path, pictures: Path, local: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is an optional extra: pip install detection-model[ray]")
    score_missing(open_run(tmp_path / "local", pictures), local, lambda _done, _total: None)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # for bulk_scorer
    on_ray = RayTasks(bright_scorer(), "local")
    try:
        score_missing(open_run(tmp_path / "ray", pictures), on_ray, lambda _done, _total: None)
    finally:
        on_ray.close()
    assert rows_of(tmp_path / "ray") == rows_of(tmp_path / "local")


def test_results_inside_a_source_are_refused_before_anything_is_written(
    pictures: Path, invoke: Callable[..., Result]
) -> None:
    result = invoke("bulk", pictures, "--out", pictures / "results")
    assert result.exit_code == 2
    assert "lies in a source" in " ".join(result.output.split())
    assert not (pictures / "results").exists()


def test_every_picture_is_scored_once_although_a_node_of_the_cluster_is_killed(
    tmp_path: Path, pictures: Path, local: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is an optional extra: pip install detection-model[ray]")
    from ray.cluster_utils import Cluster

    score_missing(open_run(tmp_path / "local", pictures), local, lambda _done, _total: None)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # for bulk_scorer
    cluster = Cluster()
    try:
        _, other = (cluster.add_node(num_cpus=1) for _ in range(2))
        on_ray = RayTasks(bright_scorer(), cluster.address)
        assert on_ray.workers == 2
        nodes = [other]

        def kill_a_node(done: int, _total: int) -> None:
            if done and nodes:
                cluster.remove_node(nodes.pop(), allow_graceful=False)

        score_missing(open_run(tmp_path / "ray", pictures), on_ray, kill_a_node)
        assert on_ray.workers == 1
        on_ray.close()
    finally:
        cluster.shutdown()
    assert rows_of(tmp_path / "ray") == rows_of(tmp_path / "local")


@pytest.mark.slow
def test_a_killed_run_resumes_and_scores_every_picture_once_like_predict(
    tmp_path: Path, pictures: Path, bright_models: Path, cli: Cli
) -> None:
    out = tmp_path / "out"
    command = ["bulk", pictures, "--out", out, "--model", "red", "--models", bright_models]
    command += ["--workers", 2, "--part", 4]
    line = [sys.executable, "-m", "detection_model", *map(str, command)]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as process:
        while not list(out.glob("part-*")):
            assert process.poll() is None
            time.sleep(0.01)
        children = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
    while any(map(is_alive, children)):  # orphans must not wait for work for ever
        time.sleep(0.05)
    assert (out / LISTING).exists()

    result = cli(*command)
    assert result.returncode == 0, result.stderr
    assert "100 pictures: " in result.stdout
    rows = rows_of(out)
    assert sorted(row["file"] for row in rows) == sorted(map(str, pictures.rglob("*.png")))
    model = load(bright_models / "red.keras")
    for row in rows[:3]:
        verdict = predict(model, Path(row["file"])).verdict
        assert row["verdict"] == verdict.verdict
        assert row["fake"] == pytest.approx(verdict.fake, abs=1e-3)

    other = cli(*command, "--threshold", 0.9)
    assert other.returncode == 2
    assert "another run" in other.stderr


def children_of(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:  # not on Linux
        return []
    return [int(child) for child in text.split()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
