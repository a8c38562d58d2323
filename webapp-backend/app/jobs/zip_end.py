"""Finds the end of a ZIP archive's directory, which says how large the directory is.

The records are those of APPNOTE.TXT 6.3, sections 4.3.12 to 4.3.16.
"""

import struct
from typing import BinaryIO, NamedTuple

_ENTRY, _END64, _LOCATOR, _END = b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06"
_END64_BYTES, _LOCATOR_BYTES, END_BYTES, _COMMENT_BYTES = 56, 20, 22, 65535


class ZipEnd(NamedTuple):
    """The end record of an archive.

    Attributes:
        position: of the record in the file, in bytes.
        is_last_mark: whether no later bytes look like an end record, as a comment may.
        is_split: whether the archive continues in other files.
        files: number of files and folders, as the record says.
        directory_bytes: size of the directory.
    """

    position: int
    is_last_mark: bool
    is_split: bool
    files: int
    directory_bytes: int


def find_end(file: BinaryIO) -> ZipEnd | None:
    """The last end record that follows a directory; None if the file is no whole archive."""
    size = file.seek(0, 2)
    start = max(0, size - _COMMENT_BYTES - END_BYTES)
    file.seek(start)
    tail = file.read()
    last = at = tail.rfind(_END)
    while at >= 0:
        if len(tail) >= at + END_BYTES:
            end = _read_end(file, tail[at : at + END_BYTES], start + at, is_last_mark=at == last)
            if end is not None:
                return end
        at = tail.rfind(_END, 0, at)
    return None


def _read_end(file: BinaryIO, record: bytes, position: int, *, is_last_mark: bool) -> ZipEnd | None:
    disk, _, _, files, directory_bytes = struct.unpack_from("<4HI", record, 4)
    directory_end = position
    file.seek(max(0, position - _LOCATOR_BYTES - _END64_BYTES))
    before = file.read(min(position, _LOCATOR_BYTES + _END64_BYTES))
    if before[-_LOCATOR_BYTES:].startswith(_LOCATOR):
        if not before.startswith(_END64):
            return None
        disk, _, _, files, directory_bytes = struct.unpack_from("<2I3Q", before, 16)
        directory_end -= len(before)
    if directory_bytes > directory_end:
        return None
    if directory_bytes:
        file.seek(directory_end - directory_bytes)
        if file.read(len(_ENTRY)) != _ENTRY:
            return None
    return ZipEnd(position, is_last_mark, disk != 0, files, directory_bytes)
