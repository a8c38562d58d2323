"""Old `.h5` files whose architecture Keras cannot restore: the zoo's, with their weights."""

from pathlib import Path
from typing import Any, get_args

from detection_model import architectures
from detection_model.architectures.heads import HeadName


def rebuilt(path: Path) -> Any | None:
    """The network of the zoo that the file's weights fit, with them; none if there is none.

    A recipe that the file's name tells is tried (`mobilenetv2-old.h5`), else v1, v2 and v3.
    """
    named = [name for name in architectures.ZOO if name in path.stem.lower()]
    candidates = [max(named, key=len)] if named else ["v1", "v2", "v3"]
    for name in candidates:
        recipe = architectures.ZOO[name]
        for head in get_args(HeadName) if recipe.head else (None,):
            model = recipe.build(weights=architectures.NONE, head=head)
            try:
                model.load_weights(path)
            except Exception:  # noqa: BLE001, S112  Keras and h5py raise nearly anything
                continue
            return model
    return None
