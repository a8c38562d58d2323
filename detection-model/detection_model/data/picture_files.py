"""Picture files in folders and in ZIP archives from strangers; every file left out is counted.

Operating systems, file servers and editors leave files and folders of their own among pictures.
Field and flag numbers of archives are those of APPNOTE.TXT 6.3,
https://support.pkware.com/pkzip/appnote.
"""

import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from detection_model.imaging import ImageError
from detection_model.imaging.formats import archive_kind, starts_like_a_picture

# Compared without regard to case.
_NAMES = {
    name.lower(): name.strip()
    for name in (
        *("__MACOSX", "Icon\r", ".DS_Store", "__pycache__", "lost+found"),
        *(
            "Thumbs.db",
            "Thumbs.db:encryptable",
            "ehthumbs.db",
            "ehthumbs_vista.db",
            "desktop.ini",
            "$RECYCLE.BIN",
            "System Volume Information",
        ),
        *("@eaDir", "#recycle", "@Recycle"),
    )
}
_APPLE_DOUBLE, _HIDDEN = "._*", ".*"


def is_system(name: str) -> bool:
    """True for a hidden name, or one that a system gives, in any case."""
    return _pattern(name) is not None


def system_name(path: str) -> str | None:
    """The name or pattern of the first part of a path that is a system's; None if there is none.

    `__MACOSX/a/._b.jpg` is `__MACOSX`. AppleDouble files are `._*`, other hidden names `.*`.
    """
    return next(filter(None, map(_pattern, PurePosixPath(path).parts)), None)


def _pattern(name: str) -> str | None:
    if (system := _NAMES.get(name.lower())) is not None:
        return system
    if not name.startswith(".") or name in (".", ".."):
        return None
    return _APPLE_DOUBLE if name.startswith("._") else _HIDDEN


# Files with these endings are pictures, broken ones too; others are pictures if they begin so.
_ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif"),
    *(".tif", ".tiff", ".bmp", ".gif"),
}
_START_BYTES = 32


# What a walk finds; the last three are counted by these names.
Found = Literal["file", "system", "links to a folder above them", "broken links", "no plain files"]


def walk(folder: Path, *, except_in: Collection[Path] = ()) -> Iterator[tuple[Path, Found]]:
    """Everything in `folder` and its subfolders but these folders, in the order of names.

    Links are followed, except into a folder that contains them. Folders of systems are not entered.

    Raises:
        OSError: a folder cannot be listed.
    """
    yield from _walk(folder, frozenset(map(_identity, folder.resolve().parents)), except_in)


def _walk(
    folder: Path, above: frozenset[tuple[int, int]], except_in: Collection[Path]
) -> Iterator[tuple[Path, Found]]:
    here = _identity(folder)
    if here in above:
        yield folder, "links to a folder above them"
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = folder / entry.name
            if is_system(entry.name):
                yield path, "system"
            elif _is_folder(entry):
                if path not in except_in:
                    yield from _walk(path, above | {here}, except_in)
            elif path.is_file() if entry.is_symlink() else entry.is_file():
                yield path, "file"
            elif entry.is_symlink() and not path.exists():
                yield path, "broken links"
            else:
                yield path, "no plain files"


@dataclass
class PictureFiles:
    """Finds the pictures below folders, and counts the other files.

    Attributes:
        system: number of files that systems leave, such as Thumbs.db, and of those in such folders.
        others: other files that are no pictures, by their ending.
    """

    system: int = 0
    others: Counter[str] = field(default_factory=Counter)

    def below(self, folder: Path, *, except_in: Collection[Path] = ()) -> Iterator[Path]:
        """The pictures in `folder` and its subfolders, without some of them.

        Raises:
            OSError: a folder cannot be listed.
        """
        for path, found in walk(folder, except_in=except_in):
            if found == "system":
                self.system += _count(path)
            elif found != "file":
                self.others[found] += 1
            elif _is_picture(path):
                yield path
            else:
                self.others[path.suffix.lower() or "no ending"] += 1


def relative_name(path: Path, root: Path) -> str:
    """A file's path below `root` for tables: on one line, and valid UTF-8.

    Control characters and bytes that are not UTF-8 are escaped as in Python.
    """
    return printable(path.relative_to(root).as_posix())


def printable(name: str) -> str:
    """A name with its unprintable characters escaped."""
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in name
    )


def subfolders(folder: Path) -> list[Path]:
    """Folders in a folder, sorted, without those of systems."""
    # Folders of a million pictures: scandir looks up no file.
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if _is_folder(entry)]
    return [folder / name for name in sorted(names) if not is_system(name)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # Path.is_dir is False for a link that leads to itself, where entry.is_dir raises.
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _count(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return 1
    return sum(len(files) for _, _, files in os.walk(path))


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() in _ENDINGS:
        return True
    with path.open("rb") as file:
        return starts_like_a_picture(file.read(_START_BYTES))


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
