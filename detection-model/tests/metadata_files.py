"""Files with metadata as cameras, editors and generators write it."""

import io
import struct
from typing import Any
from zlib import crc32

from factories import file_bytes, grainy
from PIL import Image, PngImagePlugin

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
)


def packet(inside: str = "", attributes: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {_NAMESPACES}>'
        f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def with_xmp(xmp: bytes, format_: str = "JPEG") -> bytes:
    """A file with a packet, laid into JPEG by hand where Pillow would refuse its size."""
    if format_ == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
        return file_bytes(grainy(1, 64), "PNG", pnginfo=info)
    if format_ == "TIFF":
        return file_bytes(grainy(1, 64), "TIFF", tiffinfo={700: xmp})
    if format_ == "WEBP":
        return file_bytes(grainy(1, 64), "WEBP", xmp=xmp)
    return _with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)


def with_iptc(fields: dict[int, str]) -> bytes:
    records = b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(text.encode())) + text.encode()
        for number, text in fields.items()
    )
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    return _with_segment(0xED, b"Photoshop 3.0\0" + block + b"\0" * (len(records) % 2))


def with_exif(tags: dict[int, Any], folders: dict[int, dict[int, Any]] | None = None) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    for folder, values in (folders or {}).items():
        exif.get_ifd(folder).update(values)
    return file_bytes(grainy(1, 64), exif=exif)


def with_text(texts: dict[str, str], *, packed: bool = False, behind: bool = False) -> bytes:
    """A PNG with text chunks; plain, packed, or behind the pixels."""
    if behind:
        data = plain("PNG")
        bodies = [b"tEXt" + f"{name}\0{text}".encode() for name, text in texts.items()]
        chunks = [struct.pack(">I", len(b) - 4) + b + struct.pack(">I", crc32(b)) for b in bodies]
        return data[:-12] + b"".join(chunks) + data[-12:]
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text, zip=packed)
    return file_bytes(grainy(1, 64), "PNG", pnginfo=info)


def _with_segment(marker: int, body: bytes) -> bytes:
    data = file_bytes(grainy(1, 64))
    segment = struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    return data[:2] + segment + data[2:]


def plain(format_: str = "JPEG") -> bytes:
    file = io.BytesIO()
    grainy(1, 64).save(file, format_)
    return file.getvalue()
