"""Lists the pictures of folders, ZIP archives and Parquet tables, and reads them one by one.

Paths are local, or URIs that Arrow's file systems open, such as `s3://bucket/prefix` and
`gs://bucket/prefix`; credentials come from the environment, as Arrow documents.
"""

import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from detection_model.data.picture_files import (
    is_folder,
    is_system,
    member_path,
    read_member,
    system_name,
    walk,
)
from detection_model.imaging import Limits

SourceProblem = Literal["unreadable_file", "corrupt_archive", "corrupt_table"]

# Columns of a table that hold a picture's bytes, or its path; the first one of that type is taken.
BYTES_COLUMNS = ("bytes", "image")
PATH_COLUMNS = ("path", "file")


class SourceError(ValueError):
    """A source or a picture that cannot be read: `code` for programs, the message for people."""

    def __init__(self, code: SourceProblem, message: str) -> None:
        super().__init__(message)
        self.code: SourceProblem = code
        self.message = message


class Item(NamedTuple):
    """The place of one picture.

    Attributes:
        file: path or URI of the file itself, or of the archive or table that holds it.
        position: member of the archive, or row of the table, from 0; None for a file of its own.
        name: the member's name, or the path in the table's row; empty for a row of bytes.
    """

    file: str
    position: int | None
    name: str


def list_items(sources: Iterable[str]) -> Iterator[Item]:
    """All pictures of the sources.

    Every file of a folder is a picture, except archives and tables, which are opened, and hidden
    and system files, which are skipped. Links are followed, except into a folder that contains
    them. A damaged archive or table, a broken link and a name that is not UTF-8 are one item each,
    whose reading fails.

    Raises:
        SourceError: a source does not exist or cannot be listed.
    """
    for source in sources:
        for file in _files(source):
            yield from _items_of(file)


def read_item(item: Item) -> bytes:
    """The bytes of a picture; at most one more than the limit on files.

    Raises:
        SourceError: the file, archive or table cannot be read.
        ImageError: the archive's member cannot be unpacked.
    """
    if item.file.lower().endswith(".zip"):
        return _read_member(item)
    if item.file.lower().endswith(".parquet"):
        return _read_row(item)
    return _read_file(item.file)


def _files(source: str) -> Iterator[str]:
    try:
        system, path = _opened(source)
        info = system.get_file_info(path)
        if info.type == fs.FileType.NotFound:
            raise SourceError("unreadable_file", f"{source}: no such file or folder")
        scheme = source.partition("://")[0] + "://" if "://" in source else ""
        if info.type == fs.FileType.File:
            yield scheme + path
            return
        if isinstance(system, fs.LocalFileSystem):
            for file, found in walk(Path(path)):
                if found in ("file", "broken links"):
                    yield scheme + _utf8_path(file)
            return
        folders = [path]
        while folders:  # one folder at a time, so that a large tree is streamed
            entries = system.get_file_info(fs.FileSelector(folders.pop()))
            for entry in sorted(entries, key=lambda entry: entry.path):
                if is_system(entry.base_name):
                    continue
                if entry.type == fs.FileType.Directory:
                    folders.append(entry.path)
                else:
                    yield scheme + entry.path
    except (OSError, pa.ArrowException) as error:
        raise SourceError("unreadable_file", f"{source}: {error}") from None


def _utf8_path(path: Path) -> str:
    """A path for Parquet, which stores UTF-8 only: other bytes are escaped, so no file is there."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _items_of(file: str) -> Iterator[Item]:
    try:
        if file.lower().endswith(".zip"):
            for position, member in enumerate(_archive(file).infolist()):
                path = member_path(member)
                if not is_folder(member) and system_name(path) is None:
                    yield Item(file, position, path)
        elif file.lower().endswith(".parquet"):
            yield from _rows_of(file)
        else:
            yield Item(file, None, "")
    except SourceError:
        yield Item(file, None, "")  # reading it gives the same error, as a row


def _rows_of(file: str) -> Iterator[Item]:
    table = _table(file)
    column = _column(table, file)
    position = 0
    for group in range(table.metadata.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        paths = (
            _row_group(file, group, column).to_pylist() if column in PATH_COLUMNS else [""] * rows
        )
        for path in paths:
            yield Item(file, position, path or "")
            position += 1


def _read_file(path: str) -> bytes:
    try:
        system, at = _opened(path)
        # Reads no more of a huge file than it takes to refuse it.
        with system.open_input_stream(at, compression=None) as file:
            return bytes(file.read(Limits.max_bytes + 1))
    except (OSError, pa.ArrowException) as error:
        raise SourceError("unreadable_file", f"The file cannot be read: {error}") from None


def _read_member(item: Item) -> bytes:
    archive = _archive(item.file)
    if item.position is None:
        raise SourceError("corrupt_archive", "The archive could not be listed.")
    return read_member(archive, archive.infolist()[item.position], Limits.max_bytes)


def _read_row(item: Item) -> bytes:
    table = _table(item.file)
    if item.position is None:
        raise SourceError("corrupt_table", "The table could not be listed.")
    if item.name:
        return _read_file(_beside(item.file, item.name))
    column = _column(table, item.file)
    group, position = 0, item.position
    while position >= (rows := table.metadata.row_group(group).num_rows):
        group, position = group + 1, position - rows
    value = _row_group(item.file, group, column)[position].as_py()
    if isinstance(value, dict):
        value = value.get("bytes") or _read_file(_beside(item.file, value.get("path") or ""))
    if not isinstance(value, bytes):
        raise SourceError("corrupt_table", f"The row's column {column} has no picture.")
    return value


def _beside(table: str, path: str) -> str:
    """A path from a table: absolute, a URI, or relative to the table's folder."""
    if "://" in path or path.startswith("/"):
        return path
    folder = table.rpartition("/")[0]
    return f"{folder}/{path}"


def _opened(path: str) -> tuple[fs.FileSystem, str]:
    """The file system of a path or URI, and the path in it."""
    scheme, separator, rest = path.partition("://")
    return (_remote(f"{scheme}://{rest.partition('/')[0]}"), rest) if separator else (_LOCAL, path)


_LOCAL = fs.LocalFileSystem()


@lru_cache
def _remote(bucket: str) -> fs.FileSystem:
    return fs.FileSystem.from_uri(bucket)[0]


# Neighbouring items share an archive or a group of rows, so the last ones stay open.
@lru_cache(maxsize=2)
def _archive(file: str) -> zipfile.ZipFile:
    try:
        system, path = _opened(file)
        return zipfile.ZipFile(system.open_input_file(path))
    except Exception as error:  # noqa: BLE001  zipfile raises nearly anything on hostile bytes
        text = f"The ZIP archive is damaged or unreadable ({type(error).__name__})."
        raise SourceError("corrupt_archive", text) from None


@lru_cache(maxsize=2)
def _table(file: str) -> pq.ParquetFile:
    try:
        system, path = _opened(file)
        return pq.ParquetFile(system.open_input_file(path))
    except (OSError, pa.ArrowException) as error:
        text = f"The Parquet table is damaged or unreadable ({type(error).__name__})."
        raise SourceError("corrupt_table", text) from None


@lru_cache(maxsize=1)
def _row_group(file: str, group: int, column: str) -> pa.ChunkedArray:
    try:
        return _table(file).read_row_group(group, columns=[column]).column(0)
    except (OSError, pa.ArrowException) as error:
        text = f"The table's rows cannot be read ({type(error).__name__})."
        raise SourceError("corrupt_table", text) from None


def _column(table: pq.ParquetFile, file: str) -> str:
    types = {field.name: field.type for field in table.schema_arrow}
    for name in BYTES_COLUMNS:
        if name in types and _holds(types[name], _BYTES_TYPES):
            return name
    for name in PATH_COLUMNS:
        if name in types and _holds(types[name], _PATH_TYPES):
            return name
    expected = f"{' or '.join(BYTES_COLUMNS)} of bytes, or {' or '.join(PATH_COLUMNS)} of text"
    raise SourceError("corrupt_table", f"{file} has no column of pictures: {expected}.")


_PATH_TYPES = (pa.types.is_string, pa.types.is_large_string)
# The image type of Hugging Face's data sets is a structure of bytes and path.
_BYTES_TYPES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_struct)


def _holds(kind: pa.DataType, checks: Iterable[Callable[[pa.DataType], bool]]) -> bool:
    """True if a column's values, in a dictionary or not, are of one of the types."""
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(check(values) for check in checks)
