"""Finds duplicates in a data set: identical pixels, and pictures that look the same.

Re-encoded, scaled or brightened copies are the same to a network. Duplicates across splits inflate
the test score.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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


def same(keys: Sequence[str]) -> Labels:
    """A group number for each key; equal keys share one."""
    return np.unique(np.asarray(keys), return_inverse=True)[1]


def near(hashes: Bytes, distance: int = NEAR) -> Labels:
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


def members(labels: Labels) -> list[Indices]:
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
            for chosen, slots in _expanded(starts[targets], sizes[targets]):
                yield seekers[chosen], order[slots]


def _expanded(starts: Indices, counts: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each position with each of its slots, `counts` of them from `starts` on, in parts."""
    ends = np.cumsum(counts)
    bounds = np.searchsorted(ends, np.arange(PAIRS_AT_ONCE, counts.sum(), PAIRS_AT_ONCE))
    for part in np.split(np.arange(len(counts)), bounds):
        many = counts[part]
        chosen = np.repeat(part, many)
        yield chosen, np.arange(many.sum()) + np.repeat(starts[part] - np.cumsum(many) + many, many)
