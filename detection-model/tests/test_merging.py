"""Several data sets laid out as one."""

from pathlib import Path

import pytest

from detection_model.data.folders import DataError, find_data
from detection_model.data.merging import Source, merge_data


def lay_out(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def test_sources_become_folders_below_each_class(tmp_path: Path) -> None:
    faces = lay_out(tmp_path / "faces", "Train/Real/1.jpg", "Train/Fake/1.jpg", "Test/Fake/2.jpg")
    studio = lay_out(tmp_path / "studio", "Train/Fake/1.jpg")
    out = tmp_path / "all"
    done = merge_data([Source.parse(f"{faces}=FFHQ,StyleGAN"), Source.parse(str(studio))], out)
    assert done == {
        "Train/Real/FFHQ": 1,
        "Train/Fake/StyleGAN": 1,
        "Test/Fake/StyleGAN": 1,
        "Train/Fake/studio": 1,
    }
    assert (out / "Train/Fake/studio/1.jpg").read_bytes() == b"Train/Fake/1.jpg"
    assert find_data(out).counts()["train/Fake"] == 2


def test_two_pictures_of_one_name_are_refused_not_lost(tmp_path: Path) -> None:
    one = lay_out(tmp_path / "one", "Train/Real/1.jpg")
    two = lay_out(tmp_path / "two", "Train/Real/1.jpg")
    with pytest.raises(DataError, match=r"two files 1\.jpg: give the sources other names"):
        merge_data([Source.parse(f"{one}=same"), Source.parse(f"{two}=same")], tmp_path / "all")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    one = lay_out(tmp_path / "one", "Train/Real/1.jpg")
    with pytest.raises(DataError, match="is not empty"):
        merge_data([Source.parse(str(one))], one)


@pytest.mark.parametrize("text", ["x=..", "x=a/b,c", "x=a,b/c"])
def test_a_name_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not a valid folder name"):
        Source.parse(text)
