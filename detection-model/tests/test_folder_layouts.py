"""Data sets as people publish them: read as meant, or refused by name, and every file counted."""

import os
import shutil
from pathlib import Path

import pytest
from factories import write_dataset
from PIL import Image

from detection_model.data.audit.checks import inspect_data
from detection_model.data.audit.report import write_report
from detection_model.data.folders import DataError, all_examples, find_data
from detection_model.data.issues import data_warnings, warnings_for
from detection_model.data.layout import split_and_class


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        Image.new("RGB", (8, 8), "teal").save(file, "JPEG")
    return path


def pictures(root: Path, *folders: str, each: int = 2) -> None:
    for folder in folders:
        for number in range(each):
            picture(root / folder / f"{number}.jpg")


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("REAL", "FAKE"),
        ("reals", "fakes"),
        ("0_real", "1_fake"),
        ("training_real", "training_fake"),
        ("original", "manipulated"),
        ("original_sequences", "manipulated_sequences"),
        ("Real Images", "AI Generated"),
        ("RealFaces", "AIGenerated"),
        ("nature", "ai"),
        ("authentic", "deepfake"),
        ("Real-Photos", "Synthetic-Faces"),
    ],
)
def test_class_folders_of_published_sets_are_read(tmp_path: Path, real: str, fake: str) -> None:
    pictures(tmp_path, real, each=3)
    pictures(tmp_path, fake, each=5)
    labels = [example.label for example in all_examples(find_data(tmp_path))]
    assert (labels.count("Real"), labels.count("Fake")) == (3, 5)


@pytest.mark.parametrize(
    "name",
    ["real_vs_fake", "not_real", "unreal", "Real-ESRGAN", "RealVisXL", "réel", "0", "train_test"],
)
def test_a_name_with_an_unknown_or_contradictory_word_names_nothing(name: str) -> None:
    assert split_and_class(name) == (None, None)


def test_two_unknown_folders_are_refused_with_their_names(tmp_path: Path) -> None:
    pictures(tmp_path, "cats", "dogs")
    with pytest.raises(DataError, match=r"cats \(2 pictures\), dogs \(2 pictures\).*Real and Fake"):
        find_data(tmp_path)


@pytest.mark.parametrize("split", ["", "Train"])
def test_a_class_beside_an_unknown_one_is_refused_with_both_names(
    tmp_path: Path, split: str
) -> None:
    pictures(tmp_path / split, "original", "retouched")
    with pytest.raises(DataError, match=r"original has Real.*retouched \(2 pictures\).*to Fake"):
        find_data(tmp_path)


def test_an_unknown_folder_beside_both_classes_is_left_out_with_a_warning(tmp_path: Path) -> None:
    root = tmp_path / "Set"
    pictures(root, "Train/Real", "Train/Fake")
    pictures(root, "Train/Masks", each=3)
    picture(root / "overview.jpg")
    data = find_data(root)
    assert len(all_examples(data)) == 4
    (warning,) = data.warnings
    assert warning.startswith("4 pictures")
    assert "Train/Masks (3 pictures)" in warning
    assert warnings_for(data, tmp_path)[1:] == (f"Set: {warning}",)
    assert data_warnings(data, tmp_path) is None  # it was not audited


def test_classes_divided_into_splits_keep_their_splits(tmp_path: Path) -> None:
    for split, each in (("train", 4), ("val", 2), ("test", 1)):
        pictures(tmp_path, f"Real/{split}/camera", f"Fake/{split}/gan", each=each)
    data = find_data(tmp_path)
    assert data.split_seed is None
    assert data.counts() == {
        f"{split}/{label}": count
        for split, count in (("train", 4), ("validation", 2), ("test", 1))
        for label in ("Real", "Fake")
    }
    assert {data.source(example) for example in all_examples(data)} == {"camera", "gan"}


def test_a_class_without_splits_beside_one_with_splits_is_refused(tmp_path: Path) -> None:
    pictures(tmp_path, "Real/train", "Real/test", "Fake")
    with pytest.raises(DataError, match=r"Fake \(2 pictures\)"):
        find_data(tmp_path)


def test_splits_in_the_names_of_the_classes_are_kept(tmp_path: Path) -> None:
    pictures(tmp_path, "train_real", "train_fake", "test_real/a", "test_fake/b")
    data = find_data(tmp_path)
    assert data.counts() == dict.fromkeys(("train/Real", "train/Fake", "test/Real", "test/Fake"), 2)
    assert {data.source(example) for example in data.split("test")} == {"a", "b"}


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (("Train/Real", "Train/Fake", "val/Real", "Validation/Real"), "Validation, val"),
        (("Real/train", "Real/val", "Real/valid", "Fake/train"), "val, valid"),
        (("train_real", "training_real", "test_fake"), "train_real, training_real"),
    ],
)
def test_two_folders_for_one_split_are_refused_with_their_names(
    tmp_path: Path, folders: tuple[str, ...], names: str
) -> None:
    pictures(tmp_path, *folders)
    with pytest.raises(DataError, match=f"several folders for .*: {names}"):
        find_data(tmp_path)


def test_an_empty_second_validation_folder_does_no_harm(tmp_path: Path) -> None:
    pictures(tmp_path, "Train/Real", "Train/Fake", "val/Real", "val/Fake")
    (tmp_path / "Validation" / "Real").mkdir(parents=True)
    assert find_data(tmp_path).counts()["validation/Real"] == 2


def test_two_folders_of_one_class_are_both_read_with_a_warning(tmp_path: Path) -> None:
    root = tmp_path / "Set"
    pictures(root, "Real", "fake", "generated")
    data = find_data(root)
    assert len(all_examples(data)) == 6
    assert data.warnings == ("Set has several folders of Fake: fake, generated",)


ENDINGS = (".JPG", ".jfif", ".jpe", "", ".jpg_large", ".jpg!d", ".heic", ".jpg ")


def test_every_picture_counts_whatever_the_ending(tmp_path: Path) -> None:
    for label in ("Real", "Fake"):
        for number, ending in enumerate(ENDINGS):
            picture(tmp_path / "Train" / label / f"{number:02}{ending}")
    assert find_data(tmp_path).counts() == {"train/Real": 8, "train/Fake": 8}


def test_files_that_are_no_pictures_are_counted_by_ending(tmp_path: Path) -> None:
    pictures(tmp_path, "Real", "Fake")
    for name in ("Real/labels.csv", "Real/more.CSV", "Fake/README", "notes.txt"):
        (tmp_path / name).write_text("text")
    (tmp_path / "Fake" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    data = find_data(tmp_path)
    assert len(all_examples(data)) == 4
    (note,) = data.notes
    assert note.startswith("5 other files skipped")
    for kind in (".csv (2)", ".txt (1)", "no ending (1)", "broken links (1)"):
        assert kind in note


def test_a_broken_picture_is_named_with_its_reason(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "Set", 4)
    broken = next(root.rglob("Real/*.png"))
    broken.write_text("no picture")
    inspection = inspect_data(find_data(root))
    (unreadable,) = inspection.scan.unreadable
    assert unreadable.place.path == broken.relative_to(root).as_posix()
    assert "text file" in unreadable.reason


@pytest.mark.slow
def test_tables_have_one_line_for_each_picture(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "Set", 4)
    folder = root / "Train" / "Real"
    names = ["new\nline.png", os.fsdecode(b"latin-\xfc.png"), "顔.png"]
    for path, name in zip(sorted(folder.iterdir()), names, strict=False):
        path.rename(folder / name)
    (root / "Train" / "Fake" / "bad\nname.jpg").write_text("text")
    report = write_report(inspect_data(find_data(root)), tmp_path / "logs")
    with (report / "images.csv").open(newline="", encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert len(lines) == 1 + 8 + 1
    text = "\n".join(lines)
    for name in (r"Train/Real/new\nline.png", "Train/Real/顔.png", r"Train/Fake/bad\nname.jpg"):
        assert name in text


SYSTEM = (
    "Train/Real/.DS_Store",
    "Train/Real/._0.jpg",
    "Train/Real/THUMBS.DB",
    "Train/Real/.ipynb_checkpoints/0-checkpoint.jpg",
    "Train/Fake/@eaDir/0.jpg/SYNOPHOTO_THUMB_M.jpg",
    "__MACOSX/Train/Real/._0.jpg",
    ".ipynb_checkpoints/x.jpg",
)


def test_folders_and_files_of_systems_are_skipped_and_counted(tmp_path: Path) -> None:
    pictures(tmp_path, "Train/Real", "Train/Fake")
    for name in SYSTEM:
        picture(tmp_path / name)
    data = find_data(tmp_path)
    assert data.counts() == {"train/Real": 2, "train/Fake": 2}
    (note,) = data.notes
    assert note.startswith("7 system files skipped")
    assert data.warnings == ()


def test_two_wrapping_folders_are_looked_into(tmp_path: Path) -> None:
    root = tmp_path / "real_vs_fake" / "real-vs-fake"
    pictures(root, "train/real", "train/fake", "valid/real", "valid/fake")
    (tmp_path / "train.csv").write_text("a,b")
    data = find_data(tmp_path)
    assert data.root == root
    assert "1 other file" in data.notes[0]


def test_a_folder_of_several_data_sets_is_refused_with_their_names(tmp_path: Path) -> None:
    pictures(tmp_path, "First/Train/Real", "First/Train/Fake", "Second/Real", "Second/Fake")
    with pytest.raises(DataError, match="several data sets: First, Second"):
        find_data(tmp_path)


@pytest.mark.parametrize("lower", ["Train", "Train/Real", "Train/Fake/gan"])
def test_a_path_that_is_too_low_is_pointed_to_the_data_set(tmp_path: Path, lower: str) -> None:
    root = tmp_path / "Set"
    pictures(root, "Train/Real", "Train/Fake/gan", "Test/Real", "Test/Fake")
    with pytest.raises(DataError, match=f"of the data set {root}: name that folder"):
        find_data(root / lower)


def test_a_single_split_may_be_used_by_itself(tmp_path: Path) -> None:
    pictures(tmp_path, "Test/Real", "Test/Fake")
    assert len(all_examples(find_data(tmp_path / "Test"))) == 4


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    pictures(tmp_path / "disk", "ffhq")
    root = tmp_path / "Set"
    pictures(root, "Fake")
    (root / "Real").mkdir()
    (root / "Real" / "ffhq").symlink_to(tmp_path / "disk" / "ffhq")
    (root / "Fake" / "again").symlink_to(root)
    (root / "Fake" / "itself").symlink_to(root / "Fake" / "itself")
    data = find_data(root)
    paths = {example.path.relative_to(root).as_posix() for example in all_examples(data)}
    assert paths == {"Real/ffhq/0.jpg", "Real/ffhq/1.jpg", "Fake/0.jpg", "Fake/1.jpg"}
    assert "links to a folder above them (1)" in data.notes[0]
    assert "broken links (1)" in data.notes[0]


def test_the_inspection_reports_what_was_skipped(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "Set", 4)
    shutil.copytree(root / "Train" / "Real", root / "Train" / "Masks")
    (root / "notes.txt").write_text("text")
    issues = inspect_data(find_data(root)).findings.findings
    texts = {issue.severity: issue.message for issue in issues if issue.kind == "skipped"}
    assert "Train/Masks (4 pictures)" in texts["warning"]
    assert "1 other file" in texts["note"]
