"""Several data sets merged into one."""

from pathlib import Path

import pytest

from detection_model.data.folders import DataError, find_data
from detection_model.data.write import Source, merge_data


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
    counts = merge_data([Source.parse(f"{faces}=FFHQ,StyleGAN"), Source.parse(str(studio))], out)
    assert counts == {
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


def test_an_output_folder_with_content_is_refused(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "first", "Train/Real/1.jpg")
    with pytest.raises(DataError, match="is not empty"):
        merge_data([Source.parse(str(folder))], folder)


@pytest.mark.parametrize("text", ["x=..", "x=a/b,c", "x=a,b/c"])
def test_a_name_with_a_path_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not a valid folder name"):
        Source.parse(text)
