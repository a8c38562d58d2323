"""Polls the models folder, because file notifications miss mounted folders."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from detection_model.card import (
    card_path,
    eval_config_path,
    file_sha256,
    model_files,
    natural_order,
)

# A file whose time stamp is this old was not being written just now, seconds.
_STILL_SECONDS = 2.0

# Times of the last change of content and of name or place, in nanoseconds, and bytes. Files that
# swap their names may be alike in the first and last.
Stamp = tuple[int, int, int]
# Index of the card among the stamps of a model.
_CARD = 1


@dataclass(frozen=True)
class ModelPath:
    """State of a model file, or of the card of an ensemble, at one scan of the folder.

    `stamps` changes whenever the file, its card or its evaluation does; `still` is
    true if they are old or have not changed since the scan before.
    """

    path: Path
    stamps: tuple[Stamp | None, ...]
    still: bool

    @property
    def name(self) -> str:
        """The model's name."""
        return self.path.stem

    @property
    def is_ensemble(self) -> bool:
        """There is a card alone, which names other models."""
        return self.path.suffix == ".json"

    @property
    def card(self) -> Path:
        """Path of its card."""
        return card_path(self.path)

    @property
    def has_card(self) -> bool:
        """True if its meaning is written down; an ensemble is its card."""
        return self.is_ensemble or self.stamps[_CARD] is not None

    @property
    def evaluation(self) -> Path:
        """Path of its evaluation."""
        return self.path.with_suffix(".eval")


class FolderWatch:
    """Scans a folder repeatedly and hashes each file once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last_stamps: dict[Path, tuple[Stamp | None, ...]] = {}
        self._hashes: dict[tuple[Path, Stamp | None], str] = {}

    def scan(self) -> list[ModelPath]:
        """Every model file, sorted by name; empty if the folder is missing."""
        files = []
        for path in self._models():
            metrics = path.with_suffix(".eval") / "metrics.json"
            parts = (path, card_path(path), eval_config_path(path), metrics)
            stamps = tuple(_stamp(part) for part in parts)
            if stamps[0] is not None:
                still = self._last_stamps.get(path) == stamps or _old(stamps)
                files.append(ModelPath(path, stamps, still))
        self._last_stamps = {file.path: file.stamps for file in files}
        return files

    def _models(self) -> list[Path]:
        """One file a name: of v1.keras and v1.h5 the former. Cards of ensembles have no other."""
        by_name = model_files(self._folder)
        for path in self._folder.glob("*.json"):
            if path.stem not in by_name and _is_ensemble(path):
                by_name[path.stem] = path
        return [by_name[name] for name in sorted(by_name)]

    def sha256(self, file: ModelPath) -> str:
        """Hash of the file, computed once for each of its states."""
        key = (file.path, file.stamps[0])
        if key not in self._hashes:
            self._hashes = {k: v for k, v in self._hashes.items() if k[0] != file.path}
            self._hashes[key] = file_sha256(file.path)
        return self._hashes[key]


def by_preference(files: Iterable[ModelPath], chosen: str | None) -> list[ModelPath]:
    """Models in the order in which they are the default: the chosen one, the newest with a card."""
    return sorted(
        files,
        key=lambda file: (file.name == chosen, file.has_card, natural_order(file.name)),
        reverse=True,
    )


def _is_ensemble(path: Path) -> bool:
    try:
        card = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(card, dict) and card.get("kind") == "ensemble"


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size


def _old(stamps: tuple[Stamp | None, ...]) -> bool:
    newest = max(stamp[0] for stamp in stamps if stamp is not None)
    return time.time() - newest / 1e9 > _STILL_SECONDS
