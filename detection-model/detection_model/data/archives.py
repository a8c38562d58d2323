"""Names and contents of the files in ZIP archives from strangers.

Field and flag numbers are those of APPNOTE.TXT 6.3, https://support.pkware.com/pkzip/appnote.
"""

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from detection_model.imaging import ImageError
from detection_model.imaging.formats import archive_kind

_UNICODE_PATH = 0x7075
_ENCRYPTED, _UTF8 = 0x1, 0x800
_METHODS = {
    9: "Deflate64",
    93: "Zstandard",
    95: "XZ",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def member_path(member: zipfile.ZipInfo) -> str:
    """A file's path in the archive, with `/` between folders; composed Unicode (NFC).

    The order is: UTF-8 flag, Unicode path field, UTF-8 without the flag, code page 437.
    """
    name = member.orig_filename
    if not member.flag_bits & _UTF8:
        raw = name.encode("cp437")
        name = _unicode_path(member.extra, raw) or _utf8(raw) or name
    path = name.partition("\0")[0].replace("\\", "/")
    return unicodedata.normalize("NFC", path)


def is_folder(member: zipfile.ZipInfo) -> bool:
    """True for an entry that only names a folder."""
    return member_path(member).endswith("/") or stat.S_ISDIR(_mode(member))


def is_encrypted(member: zipfile.ZipInfo) -> bool:
    """True if the file needs a password."""
    return bool(member.flag_bits & _ENCRYPTED)


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a file of at most `most` bytes, which is not itself an archive.

    Raises:
        ImageError: it leads out of the archive, is a link, encrypted, too large, packed by an
            unsupported method, damaged, or an archive.
    """
    _refuse(member, most)
    try:
        with archive.open(member) as file:
            data = file.read(most + 1)
    except Exception:  # noqa: BLE001  unpackers raise nearly anything on hostile bytes
        message = "The file cannot be unpacked: it is damaged. Pack it again."
        raise ImageError("corrupt_image", message) from None
    if kind := archive_kind(data):
        raise ImageError(
            "unsupported_format",
            f"The file is {kind} inside the archive. It is not opened: pack its pictures "
            "directly into one ZIP archive.",
        )
    return data


def _refuse(member: zipfile.ZipInfo, most: int) -> None:
    if ".." in PurePosixPath(member_path(member)).parts:
        message = "The file's path leads out of the archive (../). It is not read: pack it again."
        raise ImageError("unsafe_path", message)
    if stat.S_ISLNK(_mode(member)):
        message = "The entry is a symbolic link, which is not followed. Pack the picture itself."
        raise ImageError("unsupported_format", message)
    if stat.S_IFMT(_mode(member)) not in (0, stat.S_IFREG):
        message = "The entry is a pipe, socket or device, not a picture."
        raise ImageError("unsupported_format", message)
    if is_encrypted(member):
        raise ImageError("corrupt_image", "The file is encrypted. Pack it without a password.")
    if member.compress_type not in _READABLE:
        method = _METHODS.get(member.compress_type, f"method {member.compress_type}")
        raise ImageError(
            "unsupported_format",
            f"The file is compressed by {method}, which is not supported. Pack it with plain ZIP "
            "compression (Deflate).",
        )
    if member.file_size > most:
        raise ImageError(
            "file_too_large",
            f"Unpacked, the file has {member.file_size / 1024**2:,.1f} MB; at most "
            f"{most / 1024**2:,.0f} MB are accepted. Save it smaller and try again.",
        )


def _mode(member: zipfile.ZipInfo) -> int:
    """Unix file type and permissions; 0 if the packer stored none."""
    return member.external_attr >> 16


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name of a Unicode path field that belongs to this raw name (APPNOTE 4.6.9)."""
    for data in _fields(extra, _UNICODE_PATH):
        if (
            len(data) > 5
            and data[0] == 1
            and struct.unpack_from("<I", data, 1)[0] == zlib.crc32(raw)
        ):
            return _utf8(data[5:])
    return None


def _fields(extra: bytes, kind: int) -> Iterator[bytes]:
    while len(extra) >= 4:
        number, size = struct.unpack_from("<HH", extra)
        if number == kind:
            yield extra[4 : 4 + size]
        extra = extra[4 + size :]


def _utf8(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
