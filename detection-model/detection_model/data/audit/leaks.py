"""Tests whether simple properties separate the classes without the faces.

The best known case is fakes as PNG and reals as JPEG (DIRE, issue 11; SAFE, issue 7): a network
learns the file format and looks like a detector. Here a decision tree gets one family of file
properties at a time; its cross-validated AUC should be 0.5.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection_model.data.audit.scan import Light, Row
from detection_model.headers import Container

# A family leaks if the lower end of its interval is above this. Chance is 0.5; the margin allows
# for testing half a dozen families.
LEAK = 0.55
FEWEST = 20
_FOLDS = 5
_MOST = 20_000
_KINDS = 20

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Separation:
    """How well one family of features separates fakes from reals.

    `auc` has a 95 % interval; `telling` is the most important feature, None if there is none.
    """

    family: str
    auc: float
    low: float
    high: float
    telling: str | None

    @property
    def leaks(self) -> bool:
        """The AUC is clearly above chance."""
        return self.low > LEAK


def file_separations(rows: Sequence[Row]) -> list[Separation]:
    """One separation for each of `FAMILIES`, in order, and one for all of them together.

    Empty if a class has fewer than `FEWEST` pictures. Uses a random sample of at most 20,000.
    """
    chosen = _sampled(rows)
    containers = [row.container for row in chosen]
    families = {name: columns(containers) for name, columns in FAMILIES.items()}
    everything = {name: values for part in families.values() for name, values in part.items()}
    return _separations({**families, "all of these": everything}, chosen)


def light_separations(rows: Sequence[Row]) -> list[Separation]:
    """Separations by colour, light and sharpness of the pixels."""
    chosen = _sampled(rows)
    light = np.asarray([row.light for row in chosen], np.float64)
    columns = dict(zip(Light._fields, light.T, strict=True)) if chosen else {}
    sharp = {"sharpness": columns.pop("sharpness")} if columns else {}
    return _separations({"colour and light": columns, "sharpness": sharp}, chosen)


def _format(files: Sequence[Container]) -> Columns:
    return _one_hot("format", [file.format for file in files]) | _one_hot(
        "mode", [file.mode for file in files]
    )


def _size(files: Sequence[Container]) -> Columns:
    return {
        "width": _numbers([file.width for file in files]),
        "height": _numbers([file.height for file in files]),
        "aspect ratio": _numbers([file.width / file.height for file in files]),
    }


def _jpeg(files: Sequence[Container]) -> Columns:
    return {
        "luma quantisation": _numbers([file.luma_table for file in files]),
        "chroma quantisation": _numbers([file.chroma_table for file in files]),
        "chroma subsampling": _numbers([file.subsampling for file in files]),
        "progressive": _numbers([file.progressive for file in files]),
    }


def _metadata(files: Sequence[Container]) -> Columns:
    return {
        "EXIF": _numbers([file.exif for file in files]),
        "colour profile": _numbers([file.icc for file in files]),
        "text": _numbers([file.other_metadata for file in files]),
    } | _one_hot("header", [file.tags for file in files])


def _bytes(files: Sequence[Container]) -> Columns:
    return {
        "bytes": _numbers([file.bytes for file in files]),
        "bits per pixel": _numbers([8 * file.bytes / (file.width * file.height) for file in files]),
    }


FAMILIES: dict[str, Callable[[Sequence[Container]], Columns]] = {
    "file format": _format,
    "width and height": _size,
    "JPEG compression": _jpeg,
    "metadata": _metadata,
    "file size": _bytes,
}


def _sampled(rows: Sequence[Row]) -> Sequence[Row]:
    if len(rows) <= _MOST:
        return rows
    positions = np.random.default_rng(0).choice(len(rows), _MOST, replace=False)
    return [rows[position] for position in np.sort(positions)]


def _separations(families: dict[str, Columns], rows: Sequence[Row]) -> list[Separation]:
    fake = np.asarray([row.place.label == "Fake" for row in rows])
    if min(int(fake.sum()), int((~fake).sum())) < FEWEST:
        return []
    return [_separation(family, columns, fake) for family, columns in families.items()]


def _separation(family: str, columns: Columns, fake: NDArray[np.bool_]) -> Separation:
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    features = np.column_stack(list(columns.values()))
    tree = DecisionTreeClassifier(max_depth=5, min_samples_leaf=5, random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    scores = cross_val_predict(tree, features, fake, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(fake, scores))
    error = auc_error(auc, int(fake.sum()), int((~fake).sum()))
    weights = tree.fit(features, fake).feature_importances_
    return Separation(
        family,
        auc,
        max(0.0, auc - 1.96 * error),
        min(1.0, auc + 1.96 * error),
        list(columns)[int(np.argmax(weights))] if weights.any() else None,
    )


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an area under the ROC curve (Hanley & McNeil, Radiology 143, 1982)."""
    higher, lower = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc) + (positives - 1) * (higher - auc**2) + (negatives - 1) * (lower - auc**2)
    )
    return float(np.sqrt(max(0.0, variance) / (positives * negatives)))


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.asarray([np.nan if value is None else value for value in values], np.float64)


def _one_hot(name: str, values: Sequence[str]) -> Columns:
    """One-hot columns of the most frequent values; rarer values are all zeros."""
    return {
        f"{name} {kind or 'empty'}": np.asarray([value == kind for value in values], np.float64)
        for kind, _ in Counter(values).most_common(_KINDS)
    }
