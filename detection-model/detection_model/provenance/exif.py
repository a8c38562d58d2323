"""EXIF as names and texts."""

from collections.abc import Iterator

from PIL import ExifTags, Image

_SUB_FOLDERS = (ExifTags.IFD.Exif, ExifTags.IFD.Interop)
_CHARACTER_CODES = (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", b"\0" * 8)
_XP = range(0x9C9B, 0x9CA0)
_MOST = 200
Pair = tuple[str, str]


def read_exif(image: Image.Image) -> Iterator[Pair]:
    """Names and values; those of the GPS folder begin with GPS.

    Raises:
        Exception: whatever Pillow makes of broken EXIF.
    """
    exif = image.getexif()
    folders = {int(folder) for folder in ExifTags.IFD}
    for tag, value in list(exif.items())[:_MOST]:
        if tag not in folders:
            yield ExifTags.TAGS.get(tag, f"0x{tag:04x}"), _text(tag, value)
    for folder in _SUB_FOLDERS:
        for tag, value in list(exif.get_ifd(folder).items())[:_MOST]:
            if tag not in folders:
                yield ExifTags.TAGS.get(tag, f"0x{tag:04x}"), _text(tag, value)
    for tag, value in list(exif.get_ifd(ExifTags.IFD.GPSInfo).items())[:_MOST]:
        name = ExifTags.GPSTAGS.get(tag, f"0x{tag:04x}")
        yield name if name.startswith("GPS") else f"GPS {name}", _text(tag, value)


def _text(tag: int, value: object) -> str:
    """A value as a person reads it: bytes decoded where they are text, else their number."""
    if isinstance(value, bytes):
        if tag in _XP:
            return value.decode("utf-16-le", "replace").rstrip("\0")
        return _decoded(value)
    if isinstance(value, tuple):
        return ", ".join(_text(tag, part) for part in value[:64])
    return str(value).strip("\0 ")


def _decoded(value: bytes) -> str:
    if value.startswith(b"UNICODE\0"):
        body = value[8:]
        # Written in either order, mostly without a mark: text is mostly of the lower half.
        order = "utf-16-be" if body[:1] == b"\0" else "utf-16-le"
        return body.decode(order, "replace").strip("\0 ")
    body = value[8:] if value[:8] in _CHARACTER_CODES else value
    try:
        found = body.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        found = "\0"
    return found if found.isprintable() or "\n" in found else f"{len(value)} bytes"
