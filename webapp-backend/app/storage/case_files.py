"""Keeps pictures' case files in a folder: `<sha256>.json`, and the picture if its sender consents.

Other files in the folder are left alone.
"""

import os
import threading
import uuid
from pathlib import Path
from typing import NamedTuple

from detection_model.evaluation.cases import CaseFile, Claim, read_case

# Older claims about the same picture are forgotten.
_CLAIMS = 20


class CasesFullError(Exception):
    """The limit on cases or on the size of their pictures is reached."""


class StoredCase(NamedTuple):
    """The stored case, and whether it changed."""

    case: CaseFile
    is_new: bool


class CaseFiles:
    """Blocks, so call it outside the event loop; safe to use from several threads.

    Claims that several processes add at the same moment may overwrite each other.
    It keeps at most `most` cases and `most_bytes` of pictures.
    """

    def __init__(self, folder: Path, *, most: int, most_bytes: int) -> None:
        self._folder = folder
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()

    def keep(self, fresh: CaseFile, picture: bytes | None) -> StoredCase:
        """Add a claim to a picture's case, or create the case.

        Args:
            fresh: the case with only the new claim; `keep` sets its `picture`.
            picture: the uploaded file if its sender consents; None deletes a stored picture.

        Raises:
            CasesFullError: a limit is reached.
            OSError: the folder cannot be written.
        """
        path = self._folder / f"{fresh.sha256}.json"
        with self._lock:
            old = _read(path)
            name = f"{fresh.sha256}.{fresh.format.lower()}" if picture is not None else None
            if old is not None and old.picture == name and _same(old.claim, fresh.claim):
                return StoredCase(old, is_new=False)
            earlier = old.claims if old is not None else ()
            claims = (*earlier, *fresh.claims)[-_CLAIMS:]
            case = fresh.model_copy(update={"picture": name, "claims": claims})
            self._refuse_too_many(old, name, len(picture or b""))
            self._write(path, case, picture)
            if old is not None and old.picture and name is None:
                (self._folder / old.picture).unlink(missing_ok=True)
            return StoredCase(case, is_new=True)

    def _refuse_too_many(self, old: CaseFile | None, name: str | None, size: int) -> None:
        files = list(self._folder.iterdir()) if self._folder.is_dir() else []
        cases = [file for file in files if file.suffix == ".json"]
        if old is None and len(cases) >= self._most:
            raise CasesFullError("The limit of stored cases is reached.")
        others = (file for file in files if file.suffix != ".json" and file.name != name)
        if name and sum(file.stat().st_size for file in others) + size > self._most_bytes:
            raise CasesFullError(
                "The limit of stored pictures is reached; send the case without its picture."
            )

    def _write(self, path: Path, case: CaseFile, picture: bytes | None) -> None:
        """The picture before the case, so that a case never names what is not there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if case.picture and picture is not None and not (self._folder / case.picture).exists():
            _replace(self._folder / case.picture, picture)
        _replace(path, f"{case.model_dump_json(indent=2)}\n".encode())


def _read(path: Path) -> CaseFile | None:
    """The stored case; None if it is missing or damaged."""
    try:
        return read_case(path)
    except (FileNotFoundError, ValueError):
        return None


def _same(old: Claim, new: Claim) -> bool:
    """True for equal claims on equal verdicts."""
    return old.model_copy(update={"created": new.created, "software": new.software}) == new


def _replace(path: Path, data: bytes) -> None:
    """Write atomically."""
    arriving = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        arriving.write_bytes(data)
        os.replace(arriving, path)  # noqa: PTH105  as elsewhere
    except BaseException:
        arriving.unlink(missing_ok=True)
        raise
