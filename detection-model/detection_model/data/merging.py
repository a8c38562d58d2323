"""Merges data sets into one, with a subfolder for each source.

With `Train/Fake/StyleGAN/…` and `Train/Fake/StyleGAN2/…`, evaluation has a row for each.
"""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detection_model.card import ClassName
from detection_model.data.folders import DataError, find_data


@dataclass(frozen=True)
class Source:
    """A data set, and the names of its reals and fakes in the merged one."""

    folder: Path
    names: dict[ClassName, str]

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Parse `FOLDER`, `FOLDER=NAME` or `FOLDER=NAME OF REALS,NAME OF FAKES`.

        Raises:
            DataError: a name is not a valid folder name.
        """
        folder, _, rest = text.partition("=")
        real, _, fake = (rest or Path(folder).name).partition(",")
        names: dict[ClassName, str] = {"Real": real, "Fake": fake or real}
        for name in names.values():
            if name in ("", ".", "..") or Path(name).name != name:
                raise DataError(f"{text}: {name!r} is not a valid folder name")
        return cls(Path(folder), names)


def merge_data(sources: Sequence[Source], out: Path) -> Counter[str]:
    """Write the pictures of all sources to `out`, as hard links where possible, else as copies.

    Returns:
        picture counts by `split/class/name`.

    Raises:
        DataError: a source is unusable, two files would have the same path, or `out` is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: name a new folder")
    counts: Counter[str] = Counter()
    for source in sources:
        for split, examples in find_data(source.folder).splits.items():
            for example in examples:
                part = f"{split.title()}/{example.label}/{source.names[example.label]}"
                target = out / part / example.path.name
                if target.exists():
                    raise DataError(
                        f"{part} would have two files {target.name}: give the sources other names"
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(example.path, target)
                counts[part] += 1
    return counts


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path.resolve(), target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(path, target)
