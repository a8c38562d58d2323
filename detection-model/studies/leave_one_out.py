"""Recall of a probe on sources of reals and generators that it was fitted without.

    python studies/leave_one_out.py data/Broad data/All > studies/leave_one_out.md

The numbers of v5's head (`architectures.heads`) are computed once, of two views of each
training face and one of each other; then a logistic regression is fitted without each group in
turn. It takes some ten minutes on two cores. Fine-tuning moves the figures; the probe tells how
much a group that nobody has met costs.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from detection_model import architectures
from detection_model.architectures.heads import STATISTICS
from detection_model.card import InputSpec
from detection_model.data.folders import find_data
from detection_model.data.preprocessing import FaceCrop, load_face_crops
from detection_model.training.augment import augment
from detection_model.training.config import Augmentation
from detection_model.training.sampler import random_crop

SPEC = InputSpec(height=224, width=224)
AUGMENTATION = Augmentation(
    flip=True, brightness=0.15, colour=0.15, jpeg=30, webp=35, blur=1.5, scaling=0.35, noise=8,
    share=0.35,
)  # fmt: skip
PENALTY, FALSE_ALARMS = 1e-3, 0.03
# Left out together: one generator under several names.
TOGETHER = (
    ("flux1-dev", "flux1-schnell", "flux1-dev-lora"),
    ("stylegan1", "stylegan1-b", "StyleGAN"),
    ("stylegan2", "StyleGAN2"),
    ("generated-photos", "Studio"),
)
# A swapped face must not be told from photographs by its frame.
PAIRED = {"faceswap-originals": "faceswap-dfl"}
# Sources with fewer faces weigh less, in training and in figures.
ENOUGH, FEW = 150, 20

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Faces:
    """Numbers (n, 2208) of views of faces; those after the first of a face are `extra`."""

    numbers: Floats
    fake: Mask
    source: NDArray[np.str_]
    split: NDArray[np.str_]
    extra: Mask


def read(folders: Sequence[str]) -> Faces:
    """Decode, cut out and measure every face of the data sets."""
    model = architectures.RECIPES["v5"].build()
    backbone = keras.Model(model.inputs, model.get_layer(STATISTICS).output)
    rows = []
    for folder in folders:
        data = find_data(Path(folder))
        for split, examples in data.splits.items():
            crops = load_face_crops([(data.source(example), example) for example in examples]).crops
            rows += [
                (crop, split, extra) for crop in crops for extra in range(1 + (split == "train"))
            ]
    views = (
        view(crop, SPEC, number, perturbed=bool(extra))
        for number, (crop, _, extra) in enumerate(rows)
    )
    numbers = np.concatenate([backbone.predict_on_batch(batch) for batch in _batches(views, 64)])
    return Faces(
        numbers,
        np.array([crop.example.label == "Fake" for crop, _, _ in rows]),
        np.array([crop.source for crop, _, _ in rows]),
        np.array([split for _, split, _ in rows]),
        np.array([bool(extra) for _, _, extra in rows]),
    )


def view(crop: FaceCrop, spec: InputSpec, number: int, *, perturbed: bool) -> NDArray[np.uint8]:
    """A face (spec.height, spec.width, 3): as training perturbs it, or as the service crops it."""
    rng = np.random.default_rng([7, number])
    if not perturbed:
        return random_crop(crop, crop.pixels, spec, (0.3, 0.3), rng)
    return augment(random_crop(crop, crop.pixels, spec, (0.15, 0.4), rng), AUGMENTATION, rng)


def _batches(views: Iterator[NDArray[np.uint8]], size: int) -> Iterator[Floats]:
    batch: list[NDArray[np.uint8]] = []
    for view in views:
        batch.append(view)
        if len(batch) == size:
            yield np.stack(batch).astype(np.float32)
            batch = []
    if batch:
        yield np.stack(batch).astype(np.float32)


def equal_weights(faces: Faces, chosen: Mask, enough: int = ENOUGH) -> NDArray[np.float64]:
    """Weights of the chosen faces, classes and their sources alike; 0 for the others."""
    weights: NDArray[np.float64] = np.zeros(len(chosen))
    for fake in (False, True):
        own = chosen & (faces.fake == fake)
        names, sizes = np.unique(faces.source[own & ~faces.extra], return_counts=True)
        say = np.minimum(1, sizes / enough)
        for name, part in zip(names, say / say.sum(), strict=True):
            group = own & (faces.source == name)
            weights[group] = part / group.sum()
    weights *= chosen.sum() / 2
    return weights


def scores(faces: Faces, without: Mask) -> NDArray[np.float64]:
    """Log-odds of Fake of all faces, by a probe on the training faces but those `without`."""
    training = (faces.split == "train") & ~without
    weights = equal_weights(faces, training)
    probe = LogisticRegression(C=PENALTY, max_iter=300, tol=1e-3)
    probe.fit(faces.numbers[training], faces.fake[training], sample_weight=weights[training])
    return probe.decision_function(faces.numbers)  # type: ignore[no-any-return]


def threshold(faces: Faces, log_odds: NDArray[np.float64], without: Mask) -> float:
    """With 3 % false alarms on the validation reals, every source with the same say."""
    reals = (faces.split == "validation") & ~faces.fake & ~without
    weights = equal_weights(faces, reals, FEW)[reals]
    order = np.argsort(-log_odds[reals])
    false_alarm_rates = np.cumsum(weights[order]) / weights.sum()
    return float(log_odds[reals][order][np.searchsorted(false_alarm_rates, FALSE_ALARMS)])


def groups(faces: Faces, *, fake: bool) -> list[tuple[str, ...]]:
    """Groups of sources to leave out in turn."""
    names = sorted(set(faces.source[faces.fake == fake]))
    joined = [tuple(n for n in group if n in names) for group in TOGETHER] if fake else []
    alone = [(name,) for name in names if not any(name in group for group in joined)]
    return [*alone, *filter(None, joined)]


def main(folders: Sequence[str]) -> None:
    """Print both tables."""
    faces = read(folders)
    train = faces.split == "train"
    mean, deviation = faces.numbers[train].mean(axis=0), faces.numbers[train].std(axis=0)
    faces.numbers[:] = (faces.numbers - mean) / np.maximum(deviation, 1e-3)
    test_reals = (faces.split == "test") & ~faces.fake
    typer.echo("| generator left out | AUC against test reals | found at 3 % false alarms |")
    typer.echo("| --- | --- | --- |")
    for group in groups(faces, fake=True):
        without = np.isin(faces.source, group) & faces.fake
        log_odds = scores(faces, without)
        own = without & ~faces.extra
        subset = test_reals | own
        auc = roc_auc_score(own[subset], log_odds[subset])
        share = (log_odds[own] >= threshold(faces, log_odds, without)).mean()
        typer.echo(f"| {', '.join(group)} | {auc:.3f} | {share:.2f} |")
    typer.echo("\n| reals left out | called fake |\n| --- | --- |")
    for (name,) in groups(faces, fake=False):
        without = (faces.source == name) & ~faces.fake
        log_odds = scores(faces, without | (faces.source == PAIRED.get(name, "")))
        own = without & ~faces.extra
        share = (log_odds[own] >= threshold(faces, log_odds, without)).mean()
        typer.echo(f"| {name} | {share:.3f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
