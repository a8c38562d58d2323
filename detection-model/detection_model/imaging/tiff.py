"""Directories of a TIFF file: the kind of its samples, its pages, and camera raw formats.

Pillow judges a camera raw file by its embedded thumbnail, and reads every page to count them.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_MAX_DIRECTORIES = 1000
_MAX_ENTRIES = 1000
# Values that are read of an entry; SubIFDs and bits per sample have fewer.
_MAX_VALUES = 16
_MAX_TEXT = 64

_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC, _MAKE = 254, 258, 259, 262, 271
_PLANAR, _SUB_DIRECTORIES, _SAMPLE_FORMAT, _DNG_VERSION = 284, 330, 339, 50706
_TAGS = {
    _SUBFILE,
    _BITS,
    _COMPRESSION,
    _PHOTOMETRIC,
    _MAKE,
    _PLANAR,
    _SUB_DIRECTORIES,
    _SAMPLE_FORMAT,
    _DNG_VERSION,
}
# Field types of integers and their struct codes; 2 is text.
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 13: "I", 16: "Q", 18: "Q"}
_TEXT = 2

# Values of Photometric that stand for sensor data, and of Compression that only cameras write.
_SENSOR = {32803, 34892}
_CAMERA_COMPRESSIONS = {32767, 32769, 32770, 34713, 34892, 65535}
_THUMBNAIL, _MASK = 1, 4
_RAW_ENDINGS = {
    "canon": "Canon camera raw photo (CR2)",
    "nikon": "Nikon camera raw photo (NEF)",
    "sony": "Sony camera raw photo (ARW)",
    "pentax": "Pentax camera raw photo (PEF)",
    "ricoh": "Ricoh camera raw photo",
    "samsung": "Samsung camera raw photo (SRW)",
    "hasselblad": "Hasselblad camera raw photo (3FR)",
    "phase one": "Phase One camera raw photo (IIQ)",
    "leaf": "Leaf camera raw photo (MOS)",
    "kodak": "Kodak camera raw photo",
    "epson": "Epson camera raw photo (ERF)",
}

Values = tuple[int, ...] | str


class Directory(NamedTuple):
    """The tags of one image of the file; `is_page` is False for an image within another."""

    tags: Mapping[int, Values]
    is_page: bool

    def number(self, tag: int, default: int = 0) -> int:
        """The first integer of a tag."""
        values = self.tags.get(tag)
        return values[0] if isinstance(values, tuple) and values else default


def is_tiff(data: bytes) -> bool:
    """True for a TIFF or BigTIFF file."""
    return data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))


def raw_kind(data: bytes) -> str:
    """The kind of camera raw photo that a TIFF file is, such as `DNG camera raw photo`; or ""."""
    if data[8:11] == b"CR\x02":
        return _RAW_ENDINGS["canon"]
    directories = list(read_directories(data))
    if not directories:
        return ""
    first = directories[0]
    if _DNG_VERSION in first.tags:
        return "DNG camera raw photo"
    make = first.tags.get(_MAKE)
    is_raw = any(
        directory.number(_PHOTOMETRIC) in _SENSOR
        or directory.number(_COMPRESSION) in _CAMERA_COMPRESSIONS
        for directory in directories
    )
    # Cameras store a thumbnail first and the sensor's data inside it.
    is_raw |= bool(make and first.number(_SUBFILE) & _THUMBNAIL and _SUB_DIRECTORIES in first.tags)
    if not is_raw:
        return ""
    maker = make.lower() if isinstance(make, str) else ""
    kinds = (kind for name, kind in _RAW_ENDINGS.items() if maker.startswith(name))
    return next(kinds, "camera raw photo")


def samples(data: bytes) -> str:
    """The samples of the first image in words, such as `3 x 16-bit float`; "" if unreadable."""
    first = next(read_directories(data), None)
    bits = first.tags.get(_BITS, (1,)) if first else ()
    if first is None or not isinstance(bits, tuple) or not bits:
        return ""
    names = {2: "signed", 3: "float", 5: "complex", 6: "complex float"}
    kind = names.get(first.number(_SAMPLE_FORMAT, 1), "")
    return f"{len(bits)} x {bits[0]}-bit {kind}".strip()


def is_misread(data: bytes) -> bool:
    """True for channels of 16 bits in planes of their own, which Pillow reads as 8 bits."""
    return any(
        directory.number(_PLANAR, 1) == 2
        and isinstance(bits := directory.tags.get(_BITS, ()), tuple)
        and len(bits) > 1
        and max(bits) > 8
        for directory in read_directories(data)
    )


def page_indices(data: bytes) -> list[int]:
    """Positions of the pages among the top directories: all but thumbnails and masks."""
    tops = [directory for directory in read_directories(data) if directory.is_page]
    pages = [
        index
        for index, directory in enumerate(tops)
        if not directory.number(_SUBFILE) & (_THUMBNAIL | _MASK)
    ]
    return pages or [0]


def read_directories(data: bytes) -> Iterator[Directory]:
    """All directories, each followed by those within it; stops at the first damaged one."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    try:
        (start,) = struct.unpack_from(f"{order}Q" if big else f"{order}I", data, 8 if big else 4)
        queue, offsets = [(start, True)], set[int]()
        while queue and len(offsets) < _MAX_DIRECTORIES:
            offset, is_page = queue.pop()
            if not offset or offset in offsets:
                continue
            offsets.add(offset)
            tags, following = _read(data, offset, order, big=big)
            yield Directory(tags, is_page)
            queue.append((following, is_page))
            inside = tags.get(_SUB_DIRECTORIES, ())
            if isinstance(inside, tuple):
                queue += [(place, False) for place in reversed(inside)]
    except (struct.error, OverflowError):  # OverflowError: a 64-bit offset
        return


def _read(data: bytes, offset: int, order: str, *, big: bool) -> tuple[dict[int, Values], int]:
    """The tags of one directory, and the offset of the next one."""
    count_code, entry_code, width = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    (count,) = struct.unpack_from(order + count_code, data, offset)
    place = offset + struct.calcsize(order + count_code)
    size = struct.calcsize(order + entry_code) + width
    tags: dict[int, Values] = {}
    for entry in range(min(count, _MAX_ENTRIES)):
        at = place + entry * size
        tag, kind, number = struct.unpack_from(order + entry_code, data, at)
        if tag in _TAGS:
            tags[tag] = _values(data, at + size - width, kind, number, order, width)
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, place + count * size)
    return tags, following


def _values(data: bytes, at: int, kind: int, number: int, order: str, width: int) -> Values:
    """The values of an entry; they stand elsewhere if they are wider than the entry."""
    code = "s" if kind == _TEXT else _INTEGERS.get(kind)
    if code is None:
        return ()
    if number * struct.calcsize(code) > width:
        (at,) = struct.unpack_from(order + ("Q" if width == 8 else "I"), data, at)
    if kind == _TEXT:
        text = data[at : at + min(number, _MAX_TEXT)]
        return text.split(b"\0")[0].decode("latin-1").strip()
    return tuple(struct.unpack_from(f"{order}{min(number, _MAX_VALUES)}{code}", data, at))
