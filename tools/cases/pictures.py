"""Formats, sizes, colour profiles, turned pictures and small faces (cases a*)."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cases.registry import Check, files, kind
from detection_model import imaging
from detection_model.imaging import ImageError
from detection_model.inference.crops import ImageCrops

_MODEL = Path(__file__).parents[2] / "detection-model" / "models" / "v3.keras"
# Calibrated probability by which equal pictures may differ.
_TOLERANCE = 0.06


def describe(file: Path) -> str:
    """Result for a file: `JPEG, 1 face (pages)` or `refused: unsupported_format`."""
    try:
        picture = imaging.decode(file.read_bytes())
    except ImageError as error:
        return f"refused: {error.code}"
    crops = ImageCrops(picture.pixels, picture.notes)
    count = len(crops.faces)
    notes = ", ".join(note.code for note in crops.notes)
    faces = f"{count or 'no'} face{'s' * (count != 1)}"
    return f"{picture.format}, {faces}" + (f" ({notes})" if notes else "")


def message(file: Path) -> str:
    """The message of a refusal; empty for a file that is read."""
    try:
        imaging.decode(file.read_bytes())
    except ImageError as error:
        return error.message
    return ""


@cache
def _model() -> Any:
    from detection_model import load

    return load(_MODEL)


def fake(file: Path) -> float:
    """The probability of Fake by v3."""
    from detection_model import predict

    return float(predict(_model(), file).verdict.fake)


def _check(file: Path, expected: str, describe: Callable[[Path], str] = describe) -> Check:
    return Check(file.name, expected, describe(file))


def _names(file: Path, *words: str) -> Check:
    """A refusal that contains one of some words."""
    text = message(file)
    word = next((word for word in words if word in text), words[0])
    return Check(file.name, f"refused with `{word}`", _refusal(text, word))


def _refusal(text: str, word: str) -> str:
    return f"refused with `{word}`" if word in text else text or "judged"


def _alike(case: Path, names: list[Path]) -> Iterator[Check]:
    """All files get the same probability, within the tolerance."""
    values = [fake(file) for file in names]
    spread = max(values) - min(values)
    expected = f"at most {_TOLERANCE} apart"
    span = expected if spread <= _TOLERANCE else f"{min(values):.3f} to {max(values):.3f}"
    yield Check(f"{case.name}: probabilities", expected, span)


@kind("a01")
def heic(case: Path) -> Iterator[Check]:
    """HEIC photos are judged, whatever their names."""
    for file in files(case):
        yield _check(file, "HEIC, 1 face")


@kind("a02")
def avif(case: Path) -> Iterator[Check]:
    """AVIF pictures are judged, whatever their names."""
    for file in files(case):
        yield _check(file, "AVIF, 1 face")


@kind("a03")
def brands(case: Path) -> Iterator[Check]:
    """Every HEIF brand is judged or named; none is called a video."""
    for file in files(case):
        words = ("HEIC", "HEIF", "AVIF", "camera raw")
        answer = describe(file).split(",")[0] if not message(file) else message(file)
        word = next((word for word in words if word in answer), words[0])
        yield Check(file.name, word, word if word in answer else answer)


@kind("a04")
def main_picture(case: Path) -> Iterator[Check]:
    """The main picture of MPO, Ultra HDR and motion photos is judged."""
    for file in files(case):
        note = "" if b"ftyp" in file.read_bytes() else " (several_pictures)"
        yield _check(file, f"JPEG, 1 face{note}")
    yield from _alike(case, list(files(case)))


@kind("a05")
def orientation(case: Path) -> Iterator[Check]:
    """EXIF orientation is applied: all files show the same face at the same place."""
    sizes, boxes = set(), []
    for file in files(case):
        picture = imaging.decode(file.read_bytes())
        crops = ImageCrops(picture.pixels, picture.notes)
        sizes.add((picture.width, picture.height))
        boxes.append([round(crops.faces[0].left, -1), round(crops.faces[0].top, -1)])
        yield Check(f"{file.name}: faces", "1", str(len(crops.faces)))
    yield Check("sizes", "1", str(len(sizes)))
    lefts, tops = zip(*boxes, strict=True)
    moved = max(max(lefts) - min(lefts), max(tops) - min(tops))
    yield Check("the face is at one place", "yes", "yes" if moved <= 20 else f"{moved} pixels off")


@kind("a06")
def odd_orientation(case: Path) -> Iterator[Check]:
    """Invalid tags are ignored; faces that lie on their side are judged turned, with a note."""
    for file in files(case):
        # `as-text` has a tag that is not one of 1 to 8, so the picture stays on its side.
        is_turned = "no-tag" in file.name or file.stem == "as-text"
        yield _check(file, "JPEG, 1 face (turned)" if is_turned else "JPEG, 1 face")


@kind("a07", "a08")
def profiles(case: Path) -> Iterator[Check]:
    """Colour profiles are applied, broken ones ignored; the verdicts are alike."""
    for file in files(case):
        note = " (colour_profile)"
        if "srgb" in file.name:
            note = ""
        elif "broken" in file.name:
            note = " (broken_colour_profile)"
        yield _check(file, f"JPEG, 1 face{note}")
    yield from _alike(case, list(files(case)))


@kind("a09", "a10", "a11", "a24")
def modes(case: Path) -> Iterator[Check]:
    """CMYK, 16 bits, TIFF variants and old BMP files are judged, or refused by their samples."""
    for file in files(case):
        answer = describe(file)
        expected = answer.split(",")[0] + ", 1 face"
        if answer.startswith("refused"):
            yield _names(file, "This kind of TIFF")
        else:
            yield Check(file.name, expected, answer.split(" (")[0])


@kind("a13")
def animated(case: Path) -> Iterator[Check]:
    """A note says which frame was judged, and it shows the face."""
    for file in files(case):
        answer = describe(file)
        yield Check(file.name, answer.split(",")[0] + ", 1 face (animation)", answer)


@kind("a14")
def trailing(case: Path) -> Iterator[Check]:
    """Bytes after the picture change nothing; bytes before it may be refused."""
    for file in files(case):
        expected = "refused: corrupt_image" if "before" in file.name else "1 face"
        answer = describe(file)
        yield Check(
            file.name, expected, answer if "before" in file.name else answer.split(", ")[-1]
        )


@kind("a15")
def truncated(case: Path) -> Iterator[Check]:
    """Cut files are refused as incomplete, unless only the end mark is missing."""
    for file in files(case):
        harmless = any(word in file.name for word in ("one-byte", "no-eoi", "no-end", "no-iend"))
        answer = describe(file)
        if harmless:
            yield Check(
                file.name,
                "1 face",
                answer.split(", ")[1].split(" (")[0] if "," in answer else answer,
            )
        else:
            yield Check(file.name, "refused: truncated_image", answer)


@kind("a17")
def wrong_ending(case: Path) -> Iterator[Check]:
    """The content decides: what can be read is judged under its true format."""
    truths = {
        "is-gif": "GIF, 1 face",
        "is-webp": "WEBP, 1 face",
        "is-png": "PNG, 1 face",
        "is-bmp": "BMP, 1 face",
        "is-tiff": "TIFF, 1 face",
    }
    for file in files(case):
        if file.stem in ("is-ico", "is-jxl", "is-psd", "is-jp2", "is-tga", "is-ppm"):
            words = ("an icon", "JPEG XL", "Photoshop", "JPEG 2000", "not a picture", "PPM")
            yield _names(file, *words)
        else:
            yield _check(file, truths.get(file.stem, "JPEG, 1 face"))


@kind("a18")
def no_pictures(case: Path) -> Iterator[Check]:
    """Files that are not pictures are refused by their kind."""
    names = {
        "rar": "RAR",
        "7z": "7z",
        "gz": "gzip",
        "svg": "SVG",
        "pdf": "PDF",
        "mp4": "video",
        "json": "JSON",
        "zip": "ZIP",
    }
    by_stem = {
        "empty": "empty",
        "base64": "data: address",
        "html-bom": "web page",
        "pointer-lfs": "Git LFS",
    }
    for file in files(case):
        word = by_stem.get(file.stem) or names.get(file.suffix[1:]) or "file is"
        yield _names(file, word)


@kind("a19")
def huge(case: Path) -> Iterator[Check]:
    """Claims of too many pixels are refused; a strip and a legal large picture are judged."""
    for file in files(case):
        legal = "ok" in file.stem or "strip" in file.stem
        yield _check(file, "PNG, no faces" if legal else "refused: too_many_pixels")


@kind("a21")
def transparent(case: Path) -> Iterator[Check]:
    """Transparency is blended with white, with a note."""
    for file in files(case):
        notes = ("(transparency)", "(fully_transparent)")
        answer = describe(file)
        yield Check(file.name, "a note", "a note" if answer.endswith(notes) else answer)


@kind("a22", "a25")
def faces(case: Path) -> Iterator[Check]:
    """Partial, tiny and altered faces are judged, or out of scope with a reason; none fails."""
    for file in files(case):
        answer = describe(file)
        is_answer = answer.startswith("JPEG") or "too_small" in answer
        yield Check(file.name, "an answer", "an answer" if is_answer else answer)
