"""ZIP archives of pictures from strangers: checked before anything is unpacked, never to disk."""

import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

from app.core.settings import ArchiveLimits
from app.jobs.zip_end import END_BYTES, find_end
from app.schemas.jobs import ArchiveSummary, JobModel, LabelledCounts, SkippedFiles
from detection_model.card import ClassName
from detection_model.data.layout import split_and_class
from detection_model.data.picture_files import (
    is_encrypted,
    is_folder,
    member_path,
    read_member,
    system_name,
)
from detection_model.imaging.formats import (
    archive_kind,
    starts_like_a_picture,
    unsupported_kind,
)

_NAME_LENGTH = 200
_HEAD_BYTES = 64 * 1024
_DIRECTORY_BYTES_A_FILE = 46 + 400


ArchiveProblem = Literal[
    "unsupported_format",
    "corrupt_archive",
    "empty_archive",
    "encrypted_archive",
    "archive_too_large",
    "too_many_files",
]


class ArchiveError(ValueError):
    """An archive that is refused as a whole: `code` for programs, the message for people."""

    def __init__(self, code: ArchiveProblem, message: str) -> None:
        super().__init__(message)
        self.code: ArchiveProblem = code
        self.message = message


class Archive:
    """The files of an opened archive, by position.

    Attributes:
        skipped: number of system files by name, which have no position.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members: list[zipfile.ZipInfo] = []
        self.skipped: Counter[str] = Counter()
        for member in archive.infolist():
            if is_folder(member):
                continue
            if (name := system_name(member_path(member))) is not None:
                self.skipped[name] += 1
            else:
                self._members.append(member)

    def __len__(self) -> int:
        return len(self._members)

    def name(self, position: int) -> str:
        """The file's path for people: printable, and only its end if it is long."""
        path = member_path(self._members[position])
        printable = "".join(c if c.isprintable() else " " for c in path)
        fits = len(printable) <= _NAME_LENGTH
        return printable if fits else f"…{printable[1 - _NAME_LENGTH :]}"

    def label(self, position: int) -> ClassName | None:
        """The class that the file's folders name; None if none does, or both classes."""
        folders = PurePosixPath(member_path(self._members[position])).parts[:-1]
        classes = {split_and_class(folder)[1] for folder in folders} - {None}
        return classes.pop() if len(classes) == 1 else None

    def read(self, position: int, most: int) -> bytes:
        """The file's bytes, at most `most`.

        Raises:
            ImageError: it cannot be a picture, or cannot be unpacked.
        """
        return read_member(self._archive, self._members[position], most)

    @property
    def is_encrypted(self) -> bool:
        """True if every file needs a password."""
        return all(is_encrypted(member) for member in self._members)

    @property
    def unpacked_bytes(self) -> int:
        """Of all files; reading a file never gives more than its part of this."""
        return sum(member.file_size for member in self._members)


@contextmanager
def opened(path: Path, limits: ArchiveLimits) -> Iterator[Archive]:
    """Open the stored copy of an archive; a comment that would confuse the reader is cut off.

    Raises:
        ArchiveError: it is no archive, damaged, encrypted, too large, or without files.
    """
    _check_end(path, limits)
    try:
        archive = zipfile.ZipFile(path)
    except Exception:  # noqa: BLE001  zipfile raises nearly anything on hostile bytes
        raise _damaged() from None
    with archive:
        pictures = Archive(archive)
        _check_files(pictures, limits)
        yield pictures


def summary_of(archive: Archive, models: Sequence[JobModel]) -> ArchiveSummary:
    """The summary of an archive before any file is judged."""
    labels = {archive.label(position) for position in range(len(archive))} - {None}
    return ArchiveSummary(
        skipped=[
            SkippedFiles(name=name, count=count) for name, count in sorted(archive.skipped.items())
        ],
        labelled=[
            LabelledCounts(model=model.name, label=label)
            for model in models
            for label in ("Real", "Fake")
            if label in labels
        ],
    )


def _check_files(archive: Archive, limits: ArchiveLimits) -> None:
    if not len(archive):
        names = ", ".join(archive.skipped)
        only = f"The archive holds only system files ({names})." if names else ""
        message = only or "There is no file in the archive."
        raise ArchiveError("empty_archive", f"{message} Pack the pictures into it.")
    if len(archive) > limits.files:
        raise _too_many(len(archive), limits)
    if archive.unpacked_bytes > limits.bytes:
        raise ArchiveError(
            "archive_too_large",
            f"Unpacked, the archive has {_megabytes(archive.unpacked_bytes)}; at most "
            f"{_megabytes(limits.bytes)} are accepted. Send it in parts.",
        )
    if archive.is_encrypted:
        message = "The archive is encrypted. Pack it without a password."
        raise ArchiveError("encrypted_archive", message)


def _check_end(path: Path, limits: ArchiveLimits) -> None:
    """Refuse a directory that would fill the memory, before it is read into Python objects."""
    with path.open("rb") as file:
        end = find_end(file)
        if end is None:
            file.seek(0)
            raise _no_archive(file.read(_HEAD_BYTES))
    if end.is_split:
        message = "This is one part of a split archive. Pack the pictures into one ZIP archive."
        raise ArchiveError("corrupt_archive", message)
    if end.directory_bytes > limits.files * _DIRECTORY_BYTES_A_FILE:
        if end.files > limits.files:
            raise _too_many(end.files, limits)
        raise ArchiveError(
            "too_many_files",
            f"The archive's list of files has {_megabytes(end.directory_bytes)}, too much for "
            f"{limits.files:,} files. Send it in parts.",
        )
    if not end.is_last_mark:  # zipfile would take the mark in the comment for the end
        with path.open("r+b") as file:
            file.truncate(end.position + END_BYTES)
            file.seek(end.position + END_BYTES - 2)
            file.write(b"\0\0")  # length of the comment


def _no_archive(head: bytes) -> ArchiveError:
    """The refusal of a file without an end record: names what it is."""
    if head.startswith(b"PK"):
        return _damaged()
    if not head:
        return ArchiveError("unsupported_format", "The file is empty. Send a ZIP archive.")
    if starts_like_a_picture(head):
        message = "The file is a picture, not a ZIP archive. Send a single picture to /api/predict."
        return ArchiveError("unsupported_format", message)
    kind = archive_kind(head) or unsupported_kind(head)
    message = f"The file is {kind}, not a ZIP archive." if kind else "The file is no ZIP archive."
    return ArchiveError("unsupported_format", f"{message} Pack the pictures into one.")


def _damaged() -> ArchiveError:
    message = "The archive is damaged or incomplete. Download it again, or pack it again."
    return ArchiveError("corrupt_archive", message)


def _too_many(files: int, limits: ArchiveLimits) -> ArchiveError:
    message = f"The archive has {files:,} files; at most {limits.files:,} are accepted."
    return ArchiveError("too_many_files", f"{message} Send it in parts.")


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:,.1f} MB"
