"""HDF5 files whose architecture Keras cannot restore: the zoo's, with their weights."""

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any, get_args

from detection_model import architectures
from detection_model.architectures import Recipe
from detection_model.architectures.heads import HeadName

# Small enough to be tried for every file; their weights differ in shape.
_TRIED = ("v1", "v2", "v3", "meso4", "mesoinception4")


def rebuilt(path: Path) -> tuple[Any, Recipe] | None:
    """The network of the zoo that the file's weights fit, with them; None if there is none.

    A recipe that the file's name tells is tried (`mobilenetv2-old.h5`), else v1, v2, v3 and the
    MesoNets.
    """
    named = [name for name in architectures.ZOO if name in path.stem.lower()]
    candidates = [max(named, key=len)] if named else _TRIED
    with tempfile.TemporaryDirectory(prefix="detection-model-") as folder:
        # Keras chooses the reader by the ending, and expects another layout from `.weights.h5`.
        file = Path(folder, "m.weights.h5" if _is_of_keras3(path) else "m.h5")
        shutil.copyfile(path, file)
        for name in candidates:
            recipe = architectures.ZOO[name]
            for head in get_args(HeadName) if recipe.head else (None,):
                model = recipe.build(weights=architectures.NONE, head=head)
                if _fills(model, file):
                    return model, recipe
    return None


def _fills(model: Any, file: Path) -> bool:
    """Load weights; True if the file holds every weight of the model, in its shape."""
    import numpy as np

    weights = [weight for weight in model.weights if "float" in weight.dtype]
    for weight in weights:  # Keras only warns of weights that it does not find
        weight.assign(np.full(weight.shape, np.nan))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.load_weights(file)
    except Exception:  # noqa: BLE001  Keras and h5py raise nearly anything
        return False
    return not any(np.isnan(weight.numpy()).any() for weight in weights)


def _is_of_keras3(path: Path) -> bool:
    import h5py

    with h5py.File(path) as file:
        return "layers" in file and "layer_names" not in file.attrs
