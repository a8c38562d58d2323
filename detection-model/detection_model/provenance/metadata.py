"""Readers of EXIF, XMP and IPTC blocks: pairs of a field's name and its text.

XMP: ISO 16684-1; IPTC: Information Interchange Model 4.2.
"""

import re
from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from PIL import ExifTags

from detection_model.provenance.blocks import MAX_XMP, TIFF_BLOCKS, load_exif

_SUB_FOLDERS = (ExifTags.IFD.Exif, ExifTags.IFD.Interop)
_CHARACTER_CODES = (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", b"\0" * 8)
_XP = range(0x9C9B, 0x9CA0)
_MAX_FIELDS = 200
Pair = tuple[str, str]


# ComfyUI's savers write "workflow:{…}" and "Prompt:{…}" into any text tag, such as Make and Model.
_LABELLED = re.compile(r"(?i)(prompt|workflow|parameters):\s*(?=[{\[])")
# Tags of a TIFF file that hold pixels and blocks of their own.
_NO_FIELDS = frozenset((*TIFF_BLOCKS, 273, 279, 324, 325, 34675, 37724))


def read_exif(block: bytes) -> Iterator[Pair]:
    """EXIF fields; names from the GPS directory start with GPS.

    Raises:
        Exception: Pillow raises nearly anything for broken EXIF.
    """
    exif = load_exif(block)
    folders = {int(folder) for folder in ExifTags.IFD} | _NO_FIELDS
    for tag, value in list(exif.items())[:_MAX_FIELDS]:
        if tag not in folders:
            yield _pair(ExifTags.TAGS.get(tag, f"0x{tag:04x}"), _text(tag, value))
    for folder in _SUB_FOLDERS:
        for tag, value in list(exif.get_ifd(folder).items())[:_MAX_FIELDS]:
            if tag not in folders:
                yield _pair(ExifTags.TAGS.get(tag, f"0x{tag:04x}"), _text(tag, value))
    for tag, value in list(exif.get_ifd(ExifTags.IFD.GPSInfo).items())[:_MAX_FIELDS]:
        name = ExifTags.GPSTAGS.get(tag, f"0x{tag:04x}")
        yield name if name.startswith("GPS") else f"GPS {name}", _text(tag, value)


def _pair(name: str, text: str) -> Pair:
    """A field, under the name that its text gives it."""
    label = _LABELLED.match(text)
    return (label[1].lower(), text[label.end() :]) if label else (name, text)


def _text(tag: int, value: object) -> str:
    """A value as readable text; for binary data, the number of bytes."""
    if isinstance(value, bytes):
        if tag in _XP:
            return value.decode("utf-16-le", "replace").rstrip("\0")
        return _decoded(value)
    if isinstance(value, tuple):
        return ", ".join(_text(tag, part) for part in value[:64])
    return str(value).strip("\0 ")


def _decoded(value: bytes) -> str:
    if value.startswith(b"UNICODE\0"):
        return _unicode(value[8:])
    body = value[8:] if value[:8] in _CHARACTER_CODES else value
    try:
        text = body.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        text = "\0"
    return text if text.isprintable() or "\n" in text else f"{len(value)} bytes"


def _unicode(body: bytes) -> str:
    """UTF-16 of either byte order, mostly without a mark, or UTF-8, which some programs write."""
    if b"\0" not in body.rstrip(b"\0"):
        try:
            return body.decode("utf-8").strip("\0 ")
        except UnicodeDecodeError:
            pass  # UTF-16 without any Latin character
    # A zero first byte means big-endian Latin text.
    order = "utf-16-be" if body[:1] == b"\0" else "utf-16-le"
    return body.decode(order, "replace").strip("\0 ")


_NAMES = {
    5: "ObjectName",
    25: "Keywords",
    40: "SpecialInstructions",
    55: "DateCreated",
    60: "TimeCreated",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    80: "By-line",
    85: "By-lineTitle",
    90: "City",
    92: "Sub-location",
    95: "Province-State",
    101: "Country-PrimaryLocationName",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    118: "Contact",
    120: "Caption-Abstract",
    122: "Writer-Editor",
}


def read_iptc(records: bytes) -> Iterator[Pair]:
    """IPTC fields of the application record."""
    at = 0
    for _ in range(_MAX_FIELDS):
        if records[at : at + 1] != b"\x1c" or len(records) < at + 5:
            break
        record, number = records[at + 1 : at + 3]
        length = int.from_bytes(records[at + 3 : at + 5])
        at += 5
        if length & 0x8000:  # the length of the length
            size = length & 0x7FFF
            length, at = int.from_bytes(records[at : at + size][:8]), at + size
        if record == 2 and number:  # number 0 is the version
            text = records[at : at + length].decode("utf-8", "replace")
            yield _NAMES.get(number, f"2:{number}"), text
        at += length


_MAX_PROPERTIES = 300
_MAX_DEPTH = 100
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
# Structural elements: their content belongs to the property around them.
_FRAME = (_RDF, "adobe:ns:meta/}", "http://www.w3.org/XML/1998/namespace}")
_PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
}


def read_xmp(packet: bytes) -> list[Pair]:
    """XMP properties, the first 300; lists and structures give one pair per part.

    Raises:
        ValueError: too large, nested too deeply, not well-formed, or with a document type, which
            XMP forbids and which allows entity expansion attacks.
    """
    if len(packet) > MAX_XMP:
        raise ValueError(f"the packet has more than {MAX_XMP // 1024} KB")
    utf16 = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
    properties = _Properties()
    try:
        properties.parser.Parse(packet if utf16 else packet.strip(b"\0 \r\n\t"), True)
    except _EnoughError:
        pass
    except expat.ExpatError as error:
        raise ValueError(f"not well-formed: {error}") from None
    return properties.pairs


class _EnoughError(Exception):
    """Ends the parsing of a packet with many properties."""


class _Properties:
    """Collects the properties of a packet while it is parsed: no tree is built."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self._owners = [""]
        self._text: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._flush()
        self._owners.append(self._owners[-1] if tag.startswith(_FRAME) else _name(tag))
        if len(self._owners) > _MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        for name, value in attributes.items():
            if name == f"{_RDF}resource":
                self.pairs.append((self._owners[-1], value))
            elif not name.startswith(_FRAME):
                self.pairs.append((_name(name), value))
        if len(self.pairs) >= _MAX_PROPERTIES:
            raise _EnoughError

    def _end(self, _tag: str) -> None:
        self._flush()
        self._owners.pop()

    def _flush(self) -> None:
        if text := "".join(self._text).strip():
            self.pairs.append((self._owners[-1], text))
        self._text.clear()

    def _refuse(self, *_: object) -> NoReturn:
        raise ValueError("it has a document type")


def _name(tag: str) -> str:
    """`http://purl.org/dc/elements/1.1/}creator` as `dc:creator`."""
    space, brace, local = tag.rpartition("}")
    return f"{_PREFIXES.get(space, 'other')}:{local}" if brace else local
