"""Chooses the picture of a file that holds several: frames, pages, or a main picture.

The frames of a GIF file are counted without decoding them.
"""

import numpy as np
from PIL import Image, ImageFile

from detection_model.imaging import tiff
from detection_model.imaging.picture import Note, NoteValues

# Palette entries have three bytes; the flags' low bits hold the exponent of their number.
_HAS_PALETTE, _PALETTE_BITS = 0x80, 0x07
_EXTENSION, _IMAGE = 0x21, 0x2C


def count_frames(data: bytes, most: int) -> int:
    """Number of frames, at most `most`: a hostile file may hold millions of tiny ones."""
    frames = 0
    try:
        at = 13 + _palette(data[10])
        while frames < most:
            if data[at] == _EXTENSION:
                at = _skip_blocks(data, at + 2)
            elif data[at] == _IMAGE:
                frames += 1
                at = _skip_blocks(data, at + 10 + _palette(data[at + 9]) + 1)
            else:
                break
    except IndexError:
        pass
    return max(frames, 1)


def _palette(flags: int) -> int:
    return 3 << ((flags & _PALETTE_BITS) + 1) if flags & _HAS_PALETTE else 0


def _skip_blocks(data: bytes, at: int) -> int:
    """The place after a chain of blocks, each with its length in front; a 0 ends it."""
    while data[at]:
        at += data[at] + 1
    return at + 1


# More are not counted, and of a blank start not more than this are looked at.
_MAX_COUNTED = 1000
_MAX_LOOKED_AT = 16
# Standard deviation of brightness, of 255, of a picture that shows something; a fade-in starts
# with less. Of such a start, the first frame with this share of the strongest contrast is taken.
_LEAST_CONTRAST, _SHARE = 16.0, 0.8
# Pixels of all frames that are decoded in search of one that shows something.
_MAX_PIXELS = 100_000_000
_SIDE = 64


def choose_frame(image: ImageFile.ImageFile, data: bytes) -> list[Note]:
    """Load the first frame or page with something on it; the main picture of HEIC and MPO.

    Returns:
        A note if the file holds several pictures.
    """
    match image.format:
        case "HEIF" | "MPO":
            count = int(getattr(image, "n_frames", 1))
            image.load()
            text = f"The file holds {count} pictures; the main picture was judged."
            note = Note(code="several_pictures", message=text, values={"count": count})
            return [note] if count > 1 else []
        case "TIFF":
            pages = tiff.page_indices(data)
            return _note("Page", "pages", *_first_with_content(image, pages), len(pages))
        case "GIF":
            frames = list(range(count_frames(data, _MAX_COUNTED)))
        case "PNG" | "WEBP" | "AVIF":
            # The still picture of an animated PNG is not part of the animation.
            first = int(bool(image.info.get("default_image")))
            frames = list(range(first, min(int(getattr(image, "n_frames", 1)), _MAX_COUNTED)))
        case _:
            frames = [0]
    return _note("Frame", "animation", *_first_with_content(image, frames or [0]), len(frames))


def _first_with_content(image: ImageFile.ImageFile, indices: list[int]) -> tuple[int, bool]:
    """Load the first frame that is not faint: its place in `indices`, and whether others are.

    A single frame is loaded as it is.
    """
    if len(indices) == 1:
        _load(image, indices[0])
        return 0, False
    most = min(len(indices), _MAX_LOOKED_AT, max(1, _MAX_PIXELS // (image.width * image.height)))
    contrasts: list[float] = []
    for index in indices[:most]:
        _load(image, index)
        contrasts.append(_contrast(image))
        if contrasts[0] >= _LEAST_CONTRAST:
            return 0, False
    clear = int(np.argmax(np.asarray(contrasts) >= _SHARE * max(contrasts)))
    _load(image, indices[clear])
    return clear, clear > 0


def _load(image: ImageFile.ImageFile, index: int) -> None:
    if image.tell() != index:
        image.seek(index)
    image.load()


def _contrast(image: Image.Image) -> float:
    small = image.resize((_SIDE, _SIDE), Image.Resampling.NEAREST).convert("RGBA")
    blended = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return float(np.asarray(blended.convert("L"), np.float32).std())


def _note(word: str, code: str, place: int, skipped: bool, count: int) -> list[Note]:
    if count <= 1:
        return []
    more = count >= _MAX_COUNTED
    number = f"more than {count - 1}" if more else f"{count}"
    blank = "; those before it are blank or faint" if skipped else ""
    text = f"{word} {place + 1} of {number} was judged{blank}."
    values: NoteValues = {
        "place": place + 1,
        "count": count - more,
        "more": int(more),
        "skipped": int(skipped),
    }
    return [Note(code="pages" if code == "pages" else "animation", message=text, values=values)]
