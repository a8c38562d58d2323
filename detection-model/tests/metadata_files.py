"""Files with metadata as cameras, editors and generators write it."""

import gzip
import io
import struct
from typing import Any
from zlib import compress, crc32

import numpy as np
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


def with_xmp(xmp: bytes, format_: str = "JPEG", **options: Any) -> bytes:
    """A file with an XMP packet, written into JPEG by hand since Pillow limits its size."""
    if format_ == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
        return file_bytes(grainy(1, 64), "PNG", pnginfo=info)
    if format_ == "TIFF":
        return file_bytes(grainy(1, 64), "TIFF", tiffinfo={700: xmp}, **options)
    if format_ in ("WEBP", "HEIF", "AVIF"):
        return file_bytes(grainy(1, 64), format_, xmp=xmp, **options)
    return _with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)


def with_iptc(fields: dict[int, str]) -> bytes:
    return _with_segment(0xED, b"Photoshop 3.0\0" + photoshop(fields))


def with_exif(tags: dict[int, Any], folders: dict[int, dict[int, Any]] | None = None) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    for folder, values in (folders or {}).items():
        exif.get_ifd(folder).update(values)
    return file_bytes(grainy(1, 64), exif=exif)


def with_text(texts: dict[str, str], *, packed: bool = False, after_pixels: bool = False) -> bytes:
    """A PNG with text chunks: plain, compressed, or after the pixels."""
    if after_pixels:
        chunks = [(b"tEXt", f"{name}\0{text}".encode()) for name, text in texts.items()]
        return with_chunks(*chunks, after_pixels=True)
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text, zip=packed)
    return file_bytes(grainy(1, 64), "PNG", pnginfo=info)


def _with_segment(marker: int, body: bytes) -> bytes:
    return with_segments((marker, body), data=file_bytes(grainy(1, 64)))


def plain(format_: str = "JPEG") -> bytes:
    file = io.BytesIO()
    grainy(1, 64).save(file, format_)
    return file.getvalue()


def with_segments(*segments: tuple[int, bytes], data: bytes | None = None) -> bytes:
    """A JPEG file with additional segments (marker, body), in this order."""
    data = data or plain()
    bodies = [struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body for mark, body in segments]
    return data[:2] + b"".join(bodies) + data[2:]


def with_chunks(*chunks: tuple[bytes, bytes], after_pixels: bool = False) -> bytes:
    """A PNG file with additional chunks (type, body), before or after the pixels."""
    data = plain("PNG")
    parts = [kind + body for kind, body in chunks]
    packed = [struct.pack(">I", len(p) - 4) + p + struct.pack(">I", crc32(p)) for p in parts]
    position = len(data) - 12 if after_pixels else data.index(b"IDAT") - 4
    return data[:position] + b"".join(packed) + data[position:]


def with_gif_xmp(xmp: bytes) -> bytes:
    """A GIF file with an uncompressed XMP packet after the pixels."""
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return plain("GIF")[:-1] + b"\x21\xff\x0bXMP DataXMP" + xmp + trailer + b";"


def with_extended_xmp(xmp: bytes) -> bytes:
    """A JPEG file whose packet needs two extended segments, which are out of order."""
    guid, half = b"A" * 32, len(xmp) // 2
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid
    parts = [
        (0xE1, head + struct.pack(">II", len(xmp), at) + xmp[at : at + half + 1])
        for at in (half + 1, 0)
    ]
    return with_segments((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet()), *parts)


def with_raw_profile(kind: str, body: bytes) -> bytes:
    """A PNG file with a block in hexadecimal digits, as ImageMagick writes it."""
    text = f"\n{kind}\n{len(body):8}\n{body.hex()}\n".encode()
    name = f"Raw profile type {kind}".encode()
    return with_chunks((b"zTXt", name + b"\0\0" + compress(text)))


def photoshop(fields: dict[int, str]) -> bytes:
    """Photoshop's image resources with IPTC fields."""
    records = b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(text.encode())) + text.encode()
        for number, text in fields.items()
    )
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    return block + b"\0" * (len(records) % 2)


def with_stealth(
    text: str, *, alpha: bool = True, packed: bool = True, container: str = "PNG", **options: Any
) -> bytes:
    """A file with text in the lowest bits of its pixels, column by column."""
    body = gzip.compress(text.encode()) if packed else text.encode()
    word = f"stealth_{'png' if alpha else 'rgb'}{'comp' if packed else 'info'}".encode()
    hidden = word + struct.pack(">I", len(body) * 8) + body
    pixels = np.array(grainy(1, 256).convert("RGBA"))
    part = pixels[..., 3:] if alpha else pixels[..., :3]
    columns = np.ascontiguousarray(part.swapaxes(0, 1))
    bits = np.unpackbits(np.frombuffer(hidden, np.uint8))
    flat = columns.reshape(-1)
    flat[: bits.size] = (flat[: bits.size] & 0xFE) | bits
    part[:] = columns.swapaxes(0, 1)
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if alpha else image.convert("RGB")).save(file, container, **options)
    return file.getvalue()
