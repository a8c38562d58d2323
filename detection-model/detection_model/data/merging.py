"""Several data sets as one: the layout that every command reads, with a folder a source.

`Train/Fake/StyleGAN/…` beside `Train/Fake/StyleGAN2/…`: evaluation then has a row for each.
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
    """A data set, and what its reals and fakes are called in the collection."""

    folder: Path
    names: dict[ClassName, str]

    @classmethod
    def parse(cls, text: str) -> "Source":
        """`FOLDER`, `FOLDER=NAME` or `FOLDER=NAME OF REALS,NAME OF FAKES`.

        Raises:
            DataError: a name is no name of a folder.
        """
        folder, _, given = text.partition("=")
        real, _, fake = (given or Path(folder).name).partition(",")
        names: dict[ClassName, str] = {"Real": real, "Fake": fake or real}
        for name in names.values():
            if name in ("", ".", "..") or Path(name).name != name:
                raise DataError(f"{text}: {name or 'nothing'} is no name of a folder")
        return cls(Path(folder), names)


def merge_data(sources: Sequence[Source], out: Path) -> Counter[str]:
    """Lay the pictures of all sources out below `out`, as links where the disk allows it.

    Returns:
        pictures by `split/class/name`.

    Raises:
        DataError: a source is unusable, or `out` holds something already.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: name a new folder")
    done: Counter[str] = Counter()
    for source in sources:
        for split, examples in find_data(source.folder).splits.items():
            for example in examples:
                part = f"{split.title()}/{example.label}/{source.names[example.label]}"
                target = out / part / example.path.name
                if target.exists():
                    raise DataError(
                        f"{part} would hold two pictures {target.name}: name them apart"
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(example.path, target)
                done[part] += 1
    return done


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path.resolve(), target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(path, target)
