"""Duplicates in a data set: the same pixels, and pictures that look the same.

A picture that was saved again, scaled or made brighter is the same to a network: where copies lie
in two splits, what was learned by heart is taken for skill.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detection_model.measures import Bytes

# Of 256 bits. On 450 pictures each of seven kinds of faces, aligned ones among them, no two
# pictures are nearer than 34; JPEG at quality 30, half the size, 20 % more light or 30 % more
# contrast stay below 24 in 99 of 100.
NEAR = 24
_BITS = 16
_BANDS = 16
_PAIRS_AT_ONCE = 4_000_000
# Neighbouring bits agree more often than distant ones: shuffled, all bands tell alike.
_ORDER = np.random.default_rng(0).permutation(_BITS * _BANDS)
# A band as it is, and with each of its bits turned.
_FLIPS = (0, *(1 << bit for bit in range(_BITS)))

Labels = NDArray[np.intp]
Indices = NDArray[np.intp]


def same(keys: Sequence[str]) -> Labels:
    """A group number for each key; equal keys share one."""
    return np.unique(np.asarray(keys), return_inverse=True)[1]


def near(hashes: Bytes, distance: int = NEAR) -> Labels:
    """A group number for each hash (n, 32); those within `distance` bits share one, and theirs.

    Finds every pair up to 31 bits: of 16 bands of 16 bits one then differs in at most one bit, so
    only such pictures are compared (multi-index hashing: Norouzi et al., CVPR 2012).

    Raises:
        ValueError: a distance beyond 31, where pairs would be missed.
    """
    if distance >= 2 * _BANDS:
        raise ValueError(f"pairs more than {2 * _BANDS - 1} bits apart cannot be searched")
    unique, inverse = np.unique(hashes, axis=0, return_inverse=True)
    words = np.ascontiguousarray(unique).view(np.uint64)
    groups: Labels = np.arange(len(unique))
    for first, second in _candidates(unique):
        # Only the groups are kept: a thousand frames of one film would make a million pairs.
        apart = np.bitwise_count(words[first] ^ words[second]).sum(axis=1)
        close = (apart <= distance) & (first != second)
        if not close.any():
            continue
        edges = groups[first[close]], groups[second[close]]
        graph = coo_array((np.ones(len(edges[0]), bool), edges), shape=(len(unique),) * 2)
        groups = connected_components(graph, directed=False)[1][groups]
    return groups[inverse]


def members(labels: Labels) -> list[Indices]:
    """The groups of two or more, each the positions of its members in rising order."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [group for group in np.split(order, starts) if len(group) > 1]


def _candidates(hashes: Bytes) -> Iterator[tuple[Indices, Indices]]:
    """Pairs whose hashes share a band up to one bit, in parts; a pair may come more than once."""
    bits = np.unpackbits(hashes, axis=1)[:, _ORDER]
    bands = np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint16)
    for keys in bands.T:
        order = np.argsort(keys, kind="stable")
        sizes = np.bincount(keys, minlength=1 << _BITS)
        starts = np.cumsum(sizes) - sizes
        for flip in _FLIPS:
            # Those without the bit look for those with it: each pair comes up once.
            seekers = np.flatnonzero((keys & flip) == 0)
            wanted = keys[seekers] ^ np.uint16(flip)
            for chosen, slots in _expanded(starts[wanted], sizes[wanted]):
                yield seekers[chosen], order[slots]


def _expanded(starts: Indices, counts: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each position with each of its slots, `counts` of them from `starts` on, in parts."""
    ends = np.cumsum(counts)
    bounds = np.searchsorted(ends, np.arange(_PAIRS_AT_ONCE, counts.sum(), _PAIRS_AT_ONCE))
    for part in np.split(np.arange(len(counts)), bounds):
        many = counts[part]
        chosen = np.repeat(part, many)
        yield chosen, np.arange(many.sum()) + np.repeat(starts[part] - np.cumsum(many) + many, many)
