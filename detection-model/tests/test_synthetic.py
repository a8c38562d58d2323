"""The demo data set for trying the commands, labelled as synthetic."""

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from detection_model.data.folders import find_data
from detection_model.data.write import README

Invoke = Callable[..., Result]


def test_the_demo_set_is_written_once_and_labelled(tmp_path: Path, invoke: Invoke) -> None:
    folder = tmp_path / "Demo"
    first = invoke("synthetic", folder, "--per-class", 8)
    assert first.exit_code == 0, first.output
    assert "Wrote" in first.stdout
    assert "neither faces nor deepfakes" in (folder / README).read_text()
    pictures = sorted(folder.rglob("*.png"))
    assert all("synthetic" in path.name for path in pictures)
    assert find_data(folder).counts()["train/Fake"] == 8
    before = [path.stat().st_mtime_ns for path in pictures]
    second = invoke("synthetic", folder)
    assert second.exit_code == 0
    assert "is there already" in second.stdout
    assert [path.stat().st_mtime_ns for path in sorted(folder.rglob("*.png"))] == before
    for command in ("train v1", "eval run demo", "image predict", "model card demo"):
        assert f" {command}" in second.stdout


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    result = invoke("synthetic", tmp_path)
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
