"""Finds what inflates a test score: duplicates, and properties that separate the classes.

Re-encoded, scaled or brightened copies are the same to a network. Across splits, they inflate the
test score.

The best known leak is fakes as PNG and reals as JPEG (DIRE, issue 11; SAFE, issue 7): a network
learns the file format and looks like a detector. Here a decision tree gets one family of file
properties at a time; its cross-validated AUC should be 0.5.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detection_model.data.audit.scan import Light, Row
from detection_model.headers import Container
from detection_model.measures import Bytes

# In bits of 256. Among 450 pictures each of seven kinds of faces, some of them aligned, different
# pictures differ in at least 34 bits. JPEG at quality 30, half the size, 20 % more light or 30 %
# more contrast change fewer than 24 bits in 99 % of pictures.
NEAR = 24
_BITS = 16
_BANDS = 16
PAIRS_AT_ONCE = 4_000_000
# Neighbouring bits are correlated: shuffling makes all bands equally selective.
_ORDER = np.random.default_rng(0).permutation(_BITS * _BANDS)
# A band unchanged, and with each of its bits flipped.
_FLIPS = (0, *(1 << bit for bit in range(_BITS)))

Labels = NDArray[np.intp]
Indices = NDArray[np.intp]


def identical(keys: Sequence[str]) -> Labels:
    """A group number for each key; equal keys share one."""
    return np.unique(np.asarray(keys), return_inverse=True)[1]


def near_duplicates(hashes: Bytes, distance: int = NEAR) -> Labels:
    """A group number for each hash, uint8 (n, 32); connected pairs within `distance` share one.

    Finds every pair up to 31 bits: then at least one of 16 bands differs in at most one bit, so
    only such pairs are compared (multi-index hashing: Norouzi et al., CVPR 2012).

    Raises:
        ValueError: the distance is above 31, where pairs would be missed.
    """
    if distance >= 2 * _BANDS:
        raise ValueError(f"pairs more than {2 * _BANDS - 1} bits apart cannot be searched")
    unique, inverse = np.unique(hashes, axis=0, return_inverse=True)
    words = np.ascontiguousarray(unique).view(np.uint64)
    groups: Labels = np.arange(len(unique))
    for first, second in _candidates(unique):
        # Keep groups, not pairs: a thousand frames of one film would make a million pairs.
        distances = np.bitwise_count(words[first] ^ words[second]).sum(axis=1)
        close = (distances <= distance) & (first != second)
        if not close.any():
            continue
        edges = groups[first[close]], groups[second[close]]
        graph = coo_array((np.ones(len(edges[0]), bool), edges), shape=(len(unique),) * 2)
        groups = connected_components(graph, directed=False)[1][groups]
    return groups[inverse]


def duplicate_groups(labels: Labels) -> list[Indices]:
    """Groups of at least two, each as sorted positions."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [group for group in np.split(order, starts) if len(group) > 1]


def _candidates(hashes: Bytes) -> Iterator[tuple[Indices, Indices]]:
    """Pairs whose hashes share a band up to one bit, in parts; pairs may repeat."""
    bits = np.unpackbits(hashes, axis=1)[:, _ORDER]
    bands = np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint16)
    for keys in bands.T:
        order = np.argsort(keys, kind="stable")
        sizes = np.bincount(keys, minlength=1 << _BITS)
        starts = np.cumsum(sizes) - sizes
        for flip in _FLIPS:
            # Hashes without the bit look for hashes with it: each pair occurs once.
            seekers = np.flatnonzero((keys & flip) == 0)
            targets = keys[seekers] ^ np.uint16(flip)
            for positions, slots in _expanded(starts[targets], sizes[targets]):
                yield seekers[positions], order[slots]


def _expanded(starts: Indices, counts: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each position with each of its slots, `counts` of them from `starts` on, in parts."""
    ends = np.cumsum(counts)
    bounds = np.searchsorted(ends, np.arange(PAIRS_AT_ONCE, counts.sum(), PAIRS_AT_ONCE))
    for part in np.split(np.arange(len(counts)), bounds):
        many = counts[part]
        positions = np.repeat(part, many)
        yield (
            positions,
            np.arange(many.sum()) + np.repeat(starts[part] - np.cumsum(many) + many, many),
        )


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
    """Separation of fakes from reals by one family of features.

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
    sample = _sampled(rows)
    containers = [row.container for row in sample]
    families = {name: columns(containers) for name, columns in FAMILIES.items()}
    everything = {name: values for part in families.values() for name, values in part.items()}
    return _separations({**families, "all of these": everything}, sample)


def light_separations(rows: Sequence[Row]) -> list[Separation]:
    """Separations by colour, light and sharpness of the pixels."""
    sample = _sampled(rows)
    light = np.asarray([row.light for row in sample], np.float64)
    columns = dict(zip(Light._fields, light.T, strict=True)) if sample else {}
    sharp = {"sharpness": columns.pop("sharpness")} if columns else {}
    return _separations({"colour and light": columns, "sharpness": sharp}, sample)


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
