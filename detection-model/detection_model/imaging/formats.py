"""The accepted formats, and the names of those that are not."""

import codecs
import json
import re

import pillow_heif

from detection_model.imaging import tiff
from detection_model.imaging.picture import ImageError

# Pillow's names. Only the main picture of a HEIF file is decoded: no thumbnail, depth or gain map.
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF", "AVIF", "HEIF")
SUPPORTED = "JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF"
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

# Names where Pillow's differ from those that people know.
_NAMES = {"MPO": "JPEG", "HEIF": "HEIC"}

_EXPORT = "Export it as JPEG from the camera's software or a photo editor, and send that."
_UNPACK = "Unpack it and send a picture, or send a ZIP archive as a batch job."

# Signatures of unsupported files that people upload: position, bytes, name.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"\xd0\xcf\x11\xe0", "an older Office document"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"gimp xcf", "a GIMP document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    # A TGA file without palette; a cursor file has the number of its pictures there.
    (0, b"\x00\x00\x02\x00\x00\x00\x00\x00", "a TGA picture"),
    (0, b"\x00\x00\x0a\x00\x00\x00\x00\x00", "a TGA picture"),
    (0, b"\x00\x00\x02\x00", "a mouse cursor"),
    (0, b"icns", "an icon"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"qoif", "a QOI picture"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"FLV\x01", "a video"),
    (0, b"\x00\x00\x01\xba", "a video"),
    (0, b"OggS", "a sound or video file"),
    (8, b"AVI LIST", "a video"),
    (8, b"WAVE", "a sound file"),
    (0, b"ID3", "a sound file"),
    (0, b"fLaC", "a sound file"),
    (0, b"MZ", "a Windows program"),
    (0, b"\x7fELF", "a program"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"SQLite format 3", "a database"),
)
_ARCHIVES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (257, b"ustar", "a tar archive"),
)
# The first file of a ZIP archive that is an OOXML or OpenDocument file, or an EPUB.
_OFFICE_STARTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"mimetype")
_RAW: tuple[tuple[int, bytes, str], ...] = (
    (0, b"FUJIFILMCCD-RAW", "a Fujifilm camera raw photo (RAF)"),
    (0, b"IIRO", "an Olympus camera raw photo (ORF)"),
    (0, b"IIRS", "an Olympus camera raw photo (ORF)"),
    (0, b"MMOR", "an Olympus camera raw photo (ORF)"),
    (0, b"IIU\0", "a Panasonic camera raw photo (RW2)"),
    (0, b"FOVb", "a Sigma camera raw photo (X3F)"),
    (0, b"\0MRM", "a Minolta camera raw photo (MRW)"),
    (6, b"HEAPCCDR", "a Canon camera raw photo (CRW)"),
)
# Brands of ISO base media files, of which pictures, videos and raw photos are made.
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_HEIF_CONTAINERS = {
    *(b"mif1", b"mif2", b"msf1", b"heif", b"jpeg", b"j2ki", b"avci"),
    *(b"miaf", b"MiPr", b"MiHA", b"MiHB", b"MiHE", b"1pic"),
}
_AVIF_BRANDS = {b"avif", b"avis"}
# Real files name fewer than twenty compatible brands.
_MAX_FTYP = 512
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"GIF8")
# Bytes that some programs write before a picture.
_BLANKS = b"\r\n\t \0\xef\xbb\xbf"
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def format_name(pillow_name: str | None) -> str:
    """The name of a format for people: a phone's multi-picture JPEG is a JPEG."""
    return _NAMES.get(str(pillow_name), str(pillow_name))


def refuse_raw(data: bytes) -> None:
    """Refuse camera raw files, whose thumbnail Pillow would decode.

    Raises:
        ImageError: a camera raw file.
    """
    kind = _signature(data, _RAW)
    if not kind and tiff.is_tiff(data) and (raw := tiff.raw_kind(data)):
        kind = f"a {raw}"
    if not kind and _major_brand(data) == b"crx ":
        kind = "a Canon camera raw photo (CR3)"
    if kind:
        raise ImageError(
            "unsupported_format", f"The file is {kind}, which is not supported. {_EXPORT}"
        )


def archive_kind(data: bytes) -> str:
    """The name of an archive or office document, such as `a RAR archive`; "" for other files."""
    if data.startswith(b"PK\x03\x04"):
        # The first file's name follows its header of 30 bytes.
        return "an office document" if data[30:].startswith(_OFFICE_STARTS) else "a ZIP archive"
    return _signature(data, _ARCHIVES)


def unsupported_kind(data: bytes) -> str:
    """The name of a file that is neither picture nor archive, such as `a video`; "" if unknown."""
    return _signature(data, _SIGNATURES) or _media(data) or _text(data)


def unreadable(data: bytes, error: Exception) -> ImageError:
    """The refusal of a file that Pillow cannot open: names its kind if that is known."""
    if kind := archive_kind(data):
        return ImageError("unsupported_format", f"The file is {kind}, not a picture. {_UNPACK}")
    if kind := unsupported_kind(data):
        return ImageError(
            "unsupported_format", f"The file is {kind}, which is not supported. Use {SUPPORTED}."
        )
    if tiff.is_tiff(data) and (samples := tiff.samples(data)):
        return _unsupported_tiff(samples)
    if is_cut(data) or "truncated" in str(error).lower():
        return truncated()
    # A HEIF file begins with zeros itself.
    if starts_like_a_picture(data) or starts_like_a_picture(data.lstrip(_BLANKS)):
        return ImageError(
            "corrupt_image",
            "The file begins like a picture but is damaged. Save or download it again.",
        )
    return ImageError(
        "unsupported_format", f"The file is not a picture that can be read. Use {SUPPORTED}."
    )


def refuse_misread(data: bytes) -> None:
    """Refuse files that Pillow would decode to something else than their picture.

    Raises:
        ImageError: such a file.
    """
    if tiff.is_tiff(data) and tiff.is_misread(data):
        raise _unsupported_tiff(f"{tiff.samples(data)}, in planes")


def _unsupported_tiff(samples: str) -> ImageError:
    return ImageError(
        "unsupported_format",
        f"This kind of TIFF ({samples}) is not supported, or the file is damaged. "
        "Save it as 8-bit RGB.",
    )


def truncated() -> ImageError:
    """The refusal of a file whose end is missing."""
    return ImageError(
        "truncated_image",
        "The picture is incomplete: its end is missing. Save or download it again.",
    )


def is_cut(data: bytes) -> bool:
    """True if a WebP, HEIC or AVIF file says that it is longer than it is."""
    if data[:4] == b"RIFF":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if data[4:8] != b"ftyp":
        return False
    at = 0
    while 0 <= at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # 0: the box extends to the end
            return False
        at += size
    return at > len(data)


def starts_like_a_picture(data: bytes) -> bool:
    """True if a file's first 12 bytes are those of an accepted format, or of one like it."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    is_heif = _major_brand(data) in _HEIF_BRANDS | _HEIF_CONTAINERS | _AVIF_BRANDS
    return data.startswith(_PICTURE_STARTS) or tiff.is_tiff(data) or is_webp or is_heif


def _signature(data: bytes, signatures: tuple[tuple[int, bytes, str], ...]) -> str:
    return next((name for at, magic, name in signatures if data[at : at + len(magic)] == magic), "")


def _major_brand(data: bytes) -> bytes:
    return data[8:12] if data[4:8] == b"ftyp" else b""


def _media(data: bytes) -> str:
    """The kind of an ISO base media file that Pillow does not open."""
    major = _major_brand(data)
    if not major:
        return ""
    if major in _AVIF_BRANDS:
        return "" if major == b"avif" else "an AVIF picture of an unusual kind or a damaged one"
    if major in _HEIF_BRANDS:
        return ""
    if (_compatible_brands(data) | {major}) & (_HEIF_BRANDS | _HEIF_CONTAINERS | _AVIF_BRANDS):
        return "a HEIF picture of an unusual kind"
    return "a sound file" if major[:3] == b"M4A" else "a video"


def _compatible_brands(data: bytes) -> set[bytes]:
    """The brands that follow the major one and its version, four bytes each."""
    end = min(int.from_bytes(data[:4], "big"), _MAX_FTYP)
    return {data[at : at + 4] for at in range(16, end, 4)}


def _text(data: bytes) -> str:
    """The kind of a text file; "" for anything else."""
    head = data[:4096]
    if data and not data.strip(b"\0"):
        return "nothing but zero bytes"
    if re.match(rb"P[1-7Ff]\s", head):
        return "a PPM picture (Netpbm)"
    encoding = next((e for mark, e in _BYTE_ORDER_MARKS.items() if head.startswith(mark)), "utf-8")
    try:  # an incremental decoder allows for a character cut at the end
        text = codecs.getincrementaldecoder(encoding)().decode(head).lstrip("\ufeff \r\n\t")
    except UnicodeDecodeError:
        return ""
    if not text or not _is_printable(text):
        return ""
    low = text.lower()
    if low.startswith(("<svg", "<?xml", "<!--", "<!doctype svg")) and "<svg" in low:
        return "an SVG drawing"
    if low.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "a web page"
    if low.startswith("version https://git-lfs"):
        return "a Git LFS pointer, not the picture itself (run `git lfs pull`)"
    if low.startswith("data:image/"):
        return "the text of a data: address, not the picture itself"
    if text.startswith(("{", "[")):
        return _json(data)
    return "a text file"


def _json(data: bytes) -> str:
    try:
        json.loads(data[: 1024**2])
    except (ValueError, RecursionError):
        return "a text file"
    return "a JSON file"


def _is_printable(text: str) -> bool:
    odd = sum(not (character.isprintable() or character in "\r\n\t\f") for character in text)
    return odd == 0
