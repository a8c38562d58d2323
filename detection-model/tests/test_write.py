"""Several data sets merged into one, and the synthetic one for trying the commands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from detection_model.data.folders import DataError, find_data
from detection_model.data.write import README, Source, merge_data


def write_files(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def test_sources_become_folders_below_each_class(tmp_path: Path) -> None:
    faces = write_files(
        tmp_path / "faces", "Train/Real/1.jpg", "Train/Fake/1.jpg", "Test/Fake/2.jpg"
    )
    studio = write_files(tmp_path / "studio", "Train/Fake/1.jpg")
    out = tmp_path / "all"
    merged = merge_data([Source.parse(f"{faces}=FFHQ,StyleGAN"), Source.parse(str(studio))], out)
    assert merged.counts == {
        "Train/Real/FFHQ": 1,
        "Train/Fake/StyleGAN": 1,
        "Test/Fake/StyleGAN": 1,
        "Train/Fake/studio": 1,
    }
    assert (out / "Train/Fake/studio/1.jpg").read_bytes() == b"Train/Fake/1.jpg"
    assert find_data(out).counts()["train/Fake"] == 2


def test_pictures_with_the_same_name_are_refused(tmp_path: Path) -> None:
    first = write_files(tmp_path / "first", "Train/Real/1.jpg")
    second = write_files(tmp_path / "second", "Train/Real/1.jpg")
    with pytest.raises(DataError, match=r"two files 1\.jpg: give the sources other names"):
        merge_data(
            [Source.parse(f"{first}=same"), Source.parse(f"{second}=same")], tmp_path / "all"
        )
    assert not (tmp_path / "all").exists()


def test_subfolders_of_a_class_stay_below_the_source(tmp_path: Path) -> None:
    nested = write_files(tmp_path / "set", "Train/Fake/g1/1.jpg", "Train/Fake/g2/1.jpg")
    out = tmp_path / "all"
    assert merge_data([Source.parse(f"{nested}=gan")], out).counts == {"Train/Fake/gan": 2}
    for folder in ("g1", "g2"):
        content = (out / "Train/Fake/gan" / folder / "1.jpg").read_bytes()
        assert content == f"Train/Fake/{folder}/1.jpg".encode()


def test_what_merging_leaves_out_is_reported(tmp_path: Path, invoke: Callable[..., Result]) -> None:
    names = ("Train/Real/1.jpg", "Train/Fake/1.jpg", "Train/Fake/notes.txt", "Masks/1.jpg")
    folder = write_files(tmp_path / "set", *names)
    result = invoke("data", "merge", tmp_path / "all", "--from", folder)
    assert result.exit_code == 0, result.output
    assert "1 picture is in no class folder and left out: Masks" in result.stderr
    assert "1 other file skipped, not pictures: .txt (1)" in result.stderr


def test_an_output_folder_with_content_is_refused(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "first", "Train/Real/1.jpg")
    with pytest.raises(DataError, match="is not empty"):
        merge_data([Source.parse(str(folder))], folder)


@pytest.mark.parametrize("text", ["x=..", "x=a/b,c", "x=a,b/c"])
def test_a_name_with_a_path_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not a valid folder name"):
        Source.parse(text)


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
