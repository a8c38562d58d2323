"""ZIP archives of pictures from strangers: looked at before anything is unpacked, never to disk."""

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

from app.core.settings import ArchiveLimits
from detection_model.imaging import ImageError

_NAME_LENGTH = 200
# "End of central directory" and "ZIP64 end of central directory locator" of APPNOTE.TXT 4.3.
_END, _END64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _END64_BYTES, _COMMENT_BYTES = 22, 20, 65535
_DIRECTORY_BYTES_A_FILE = 46 + 400


ArchiveProblem = Literal[
    "unsupported_format", "corrupt_archive", "empty_archive", "archive_too_large", "too_many_files"
]


class ArchiveError(ValueError):
    """An archive that is refused as a whole: `code` for programs, the message for people."""

    def __init__(self, code: ArchiveProblem, message: str) -> None:
        super().__init__(message)
        self.code: ArchiveProblem = code
        self.message = message


class Archive:
    """The files of an opened archive that are worth a look, by position."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = [member for member in archive.infolist() if not _beside_the_point(member)]

    def __len__(self) -> int:
        return len(self._members)

    def name(self, position: int) -> str:
        """The file's name as it is shown: printable, its end where it is long."""
        name = self._members[position].filename
        return "".join(c if c.isprintable() else " " for c in name)[-_NAME_LENGTH:]

    def read(self, position: int, most: int) -> bytes:
        """The file's bytes, at most one more than `most`.

        Raises:
            ImageError: it cannot be unpacked.
        """
        member = self._members[position]
        if member.flag_bits & 1:
            raise ImageError("corrupt_image", "The file is encrypted. Pack it without a password.")
        try:
            with self._archive.open(member) as file:
                return file.read(most + 1)
        except Exception:  # noqa: BLE001  unpackers raise nearly anything on hostile bytes
            message = "The file cannot be unpacked: it is damaged, or packed in a rare way."
            raise ImageError("corrupt_image", message) from None

    @property
    def unpacked_bytes(self) -> int:
        """Of all files; reading one never gives more than it says here."""
        return sum(member.file_size for member in self._members)


@contextmanager
def opened(path: Path, limits: ArchiveLimits) -> Iterator[Archive]:
    """Open an archive of pictures.

    Raises:
        ArchiveError: it is none, damaged, too large, or without files.
    """
    _check_directory(path, limits)
    try:
        archive = zipfile.ZipFile(path)
    except Exception:  # noqa: BLE001  as above
        raise _damaged() from None
    with archive:
        found = Archive(archive)
        if not len(found):
            raise ArchiveError("empty_archive", "There is no file in the archive.")
        if len(found) > limits.files:
            raise _too_many(limits)
        if found.unpacked_bytes > limits.bytes:
            raise ArchiveError(
                "archive_too_large",
                f"Unpacked, the archive has more than {limits.bytes / 1024**2:.0f} MB. "
                "Send it in parts.",
            )
        yield found


def _check_directory(path: Path, limits: ArchiveLimits) -> None:
    """Refuse a directory that would fill the memory, before it is read into Python objects."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _END64_BYTES - _COMMENT_BYTES))
        tail = file.read()
        file.seek(0)
        begins_like_one = file.read(2) == b"PK"
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        if begins_like_one:
            raise _damaged()
        raise ArchiveError(
            "unsupported_format", "The file is no ZIP archive. Pack the pictures into one."
        )
    (directory_bytes,) = struct.unpack_from("<I", tail, at + 12)
    is_zip64 = tail[max(0, at - _END64_BYTES) :].startswith(_END64)
    if is_zip64 or directory_bytes > limits.files * _DIRECTORY_BYTES_A_FILE:
        raise _too_many(limits)


def _beside_the_point(member: zipfile.ZipInfo) -> bool:
    """Folders, and what systems put beside the files."""
    parts = PurePosixPath(member.filename).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return member.is_dir() or hidden or parts[-1:] in (("Thumbs.db",), ("desktop.ini",))


def _damaged() -> ArchiveError:
    return ArchiveError("corrupt_archive", "The archive is damaged or incomplete. Pack it again.")


def _too_many(limits: ArchiveLimits) -> ArchiveError:
    message = f"The archive has more than {limits.files} files. Send it in parts."
    return ArchiveError("too_many_files", message)
