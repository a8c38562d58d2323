"""Lists the picture files below a folder, and counts every file that it passes over.

Operating systems, file servers and editors leave files and folders of their own among pictures.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from detection_model.imaging.formats import starts_like_a_picture

# Compared without regard to case.
_NAMES = {
    name.lower(): name.strip()
    for name in (
        *("__MACOSX", "Icon\r", ".DS_Store", "__pycache__", "lost+found"),
        *("Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information"),
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
    if (known := _NAMES.get(name.lower())) is not None:
        return known
    if not name.startswith(".") or name in (".", ".."):
        return None
    return _APPLE_DOUBLE if name.startswith("._") else _HIDDEN


# Files with these endings are pictures, broken ones too; others are pictures if they begin so.
_ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif"),
    *(".tif", ".tiff", ".bmp", ".gif"),
}
_START_BYTES = 32


@dataclass
class PictureFiles:
    """Walks folders. Links are followed, except into a folder that contains them.

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
        above = frozenset(map(_identity, folder.resolve().parents))
        yield from self._below(folder, above, except_in)

    def _below(
        self, folder: Path, above: frozenset[tuple[int, int]], except_in: Collection[Path]
    ) -> Iterator[Path]:
        here = _identity(folder)
        if here in above:
            self.others["links to a folder above them"] += 1
            return
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = folder / entry.name
                if is_system(entry.name):
                    self.system += _count(path) if entry.is_dir(follow_symlinks=False) else 1
                elif _is_folder(entry):
                    if path not in except_in:
                        yield from self._below(path, above | {here}, except_in)
                elif not (path.is_file() if entry.is_symlink() else entry.is_file()):
                    self.others["broken links" if entry.is_symlink() else "no plain files"] += 1
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


def _count(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() in _ENDINGS:
        return True
    with path.open("rb") as file:
        return starts_like_a_picture(file.read(_START_BYTES))
