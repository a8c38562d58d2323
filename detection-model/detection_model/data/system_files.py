"""Files and folders that operating systems, file servers and editors leave among pictures."""

_NAMES = {
    "__macosx",
    "__pycache__",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
}


def is_system(name: str) -> bool:
    """True for a hidden name, or one that a system gives, in any case."""
    return name.startswith(".") or name.lower() in _NAMES
