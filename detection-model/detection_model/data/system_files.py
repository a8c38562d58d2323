"""Files and folders that operating systems, file servers and editors leave among pictures."""

from pathlib import PurePosixPath

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
