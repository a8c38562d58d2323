"""Splits and classes are read from folder names."""

from pathlib import Path

import pytest

from detection_model.data.folders import DataError, all_examples, find_data


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.parametrize(
    ("train", "validation", "test", "real", "fake"),
    [
        ("Train", "Validation", "Test", "Real", "Fake"),
        ("train", "valid", "test", "real", "fake"),
        ("TRAINING", "val", "Testing", "0_real", "1_fake"),
    ],
)
def test_the_usual_names_are_understood(
    tmp_path: Path, train: str, validation: str, test: str, real: str, fake: str
) -> None:
    for split in (train, validation, test):
        touch(tmp_path, f"{split}/{real}/a.jpg", f"{split}/{fake}/b.PNG", f"{split}/notes.txt")
    data = find_data(tmp_path)
    assert {example.label for example in data.split("train")} == {"Real", "Fake"}
    assert data.counts() == {
        f"{split}/{label}": 1
        for split in ("train", "validation", "test")
        for label in ("Real", "Fake")
    }


def test_an_outer_folder_is_unwrapped(tmp_path: Path) -> None:
    touch(tmp_path, "Dataset/Train/Real/a.jpg", "Dataset/Train/Fake/b.jpg")
    assert find_data(tmp_path).name == "Dataset"


def test_class_folders_alone_are_split_reproducibly(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{label}/{i}.jpg" for label in ("real", "fake") for i in range(100)))
    first, again = find_data(tmp_path, seed=3), find_data(tmp_path, seed=3)
    assert first == again
    assert first != find_data(tmp_path, seed=4)
    assert set(first.counts().values()) == {80, 10}
    assert len(set(all_examples(first))) == 200
    assert "80/10/10" in first.split_origin


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no pictures found"),
        (["Train/Real/a.txt"], "no pictures found"),
        (["cats/a.jpg"], "no pictures found"),
        (["Train/Real/a.jpg"], "no Fake pictures for train"),
        (["Test/Real/a.jpg", "Test/Fake/a.jpg"], "no Real pictures for train"),
    ],
)
def test_unusable_folders_are_refused_with_a_reason(
    tmp_path: Path, files: list[str], message: str
) -> None:
    touch(tmp_path, *files)
    with pytest.raises(DataError, match=message):
        find_data(tmp_path).split("train")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        find_data(tmp_path / "nowhere")
