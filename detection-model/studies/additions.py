"""AUC of v5 with cheap additions: a second view, v4's output, v4's weights, the spectrum.

    python studies/additions.py ../data/Broad ../data/All > studies/additions.md

Validation pictures only, every source with the same weight; the last column has the pictures of
Emu, which v5 had not met up to its third version, against validation photographs. A spectrum has
no training of its own, so its logistic regression is fitted on the other folds of validation.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import typer
from numpy.typing import NDArray
from scipy.fft import dctn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from detection_model.architectures import backbones, heads, lite0  # noqa: F401  heads registers v5's layers
from detection_model.card.files import read_card
from detection_model.data.folders import Example, find_data
from detection_model.data.preprocessing import load_pictures
from detection_model.faces import face_or_whole

MODELS = Path(__file__).parent.parent / "models"
UNMET, ENOUGH = "emu", 20
PENALTY, FOLDS, FALSE_ALARMS = 1e-2, 5, 0.03

Floats = NDArray[np.float64]
Views = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Faces:
    """Crops (n, 224, 224, 3) in [0, 255], validation's first and then those of `UNMET`."""

    crops: Views
    fake: Mask
    source: NDArray[np.str_]

    @property
    def unmet(self) -> Mask:
        """The pictures of the generator that was left out of training."""
        return np.equal(self.source, f"Fake {UNMET}")

    def weights(self, chosen: Mask) -> Floats:
        """Weights (n,) of the chosen pictures that sum to 1 in each class, sources alike."""
        weights = np.zeros(len(self.fake))
        for fake in (False, True):
            own = chosen & (self.fake == fake)
            names, sizes = np.unique(self.source[own], return_counts=True)
            shares = np.minimum(1, sizes / ENOUGH)
            for name, part in zip(names, shares / shares.sum(), strict=True):
                weights[own & (self.source == name)] = part / sizes[names == name][0]
        return weights

    def auc(self, log_odds: Floats, chosen: Mask) -> float:
        """Area under the ROC curve of the chosen pictures, sources alike."""
        weights = self.weights(chosen)[chosen]
        return float(roc_auc_score(self.fake[chosen], log_odds[chosen], sample_weight=weights))


def read(folders: Sequence[str]) -> Faces:
    """Decode and crop the validation pictures and those of `UNMET`, as the service does."""
    sources: dict[Example, str] = {}
    for folder in folders:
        data = find_data(Path(folder))
        for split, examples in data.splits.items():
            for example in examples:
                name = data.source(example)
                if name == UNMET:
                    sources[example] = f"{example.label} {name}"
                elif split == "validation":
                    sources[example] = f"{example.label} {folder} {name}"
    spec = read_card(MODELS / "v5.json").input
    pictures = load_pictures(
        list(sources), spec, change=lambda pixels, _sha256: face_or_whole(pixels, spec.face_margin)
    )
    return Faces(
        pictures.pixels.astype(np.float32),
        pictures.targets > 0,
        np.array([sources[example] for example in pictures.examples]),
    )


def log_odds(model: Any, crops: Views) -> Floats:
    """The model's log-odds of Fake (n,), before calibration."""
    model.layers[-1].activation = keras.activations.linear
    run = tf.function(lambda batch: model(batch, training=False), reduce_retracing=True)
    batches = (crops[start : start + 64] for start in range(0, len(crops), 64))
    return np.concatenate([run(tf.constant(batch)).numpy()[:, 0] for batch in batches])


def shifted(crops: Views) -> Views:
    """Moved by 4 and 3 pixels; the border repeats the edge."""
    padded = np.pad(crops, ((0, 0), (4, 0), (3, 0), (0, 0)), "edge")
    return padded[:, :224, :224]


def zoomed(crops: Views) -> Views:
    """The middle 179 pixels, enlarged."""
    return np.asarray(tf.image.resize(crops[:, 22:201, 22:201], (224, 224)))


def weights_by_name(model: Any) -> dict[str, Any]:
    """The weights of a model's layers and of those within them."""
    if layers := getattr(model, "layers", None):
        return {name: weight for layer in layers for name, weight in weights_by_name(layer).items()}
    return {f"{model.name}/{weight.name}": weight for weight in model.weights}


def moved_towards(model: Any, other: Any, share: float) -> Any:
    """`model` plus a share of what training changed in `other` (Ilharco et al. 2023).

    Both began with the same ImageNet weights.
    """
    inputs = keras.Input((224, 224, 3))
    start = keras.Model(inputs, lite0.levels(inputs)[-1])
    lite0.load_pytorch(start, backbones.lite0_file())
    own, others = weights_by_name(model), weights_by_name(other)
    for name, weight in weights_by_name(start).items():
        own[name].assign(own[name].numpy() + share * (others[name].numpy() - weight.numpy()))
    return model


def spectrum(crop: Views) -> Floats:
    """Log of the mean and median amplitude of 64 DCT frequencies, in luma and both chromas."""
    luma = crop @ np.array([0.299, 0.587, 0.114], np.float32)
    features = []
    for plane in (luma, crop[..., 2] - luma, crop[..., 0] - luma):
        blocks = plane.reshape(28, 8, 28, 8).transpose(0, 2, 1, 3)
        amplitudes = np.abs(dctn(blocks, axes=(2, 3), norm="ortho")).reshape(-1, 64)
        features += [amplitudes.mean(axis=0), np.median(amplitudes, axis=0)]
    return np.log(np.concatenate(features) + 0.05)


def with_spectrum(faces: Faces, base: Floats, fold: NDArray[np.generic]) -> Floats:
    """Log-odds from `base` and the spectrum; a fold's by a regression on the other folds."""
    features = np.stack([spectrum(crop) for crop in faces.crops])
    known = ~faces.unmet
    result = np.zeros(len(base))
    for number, own in enumerate(np.unique(fold[known])):
        used = known & (fold != own)
        scaler = StandardScaler().fit(features[used])
        columns = np.column_stack([scaler.transform(features), 3 * base])
        weights = faces.weights(used)[used]
        probe = LogisticRegression(C=PENALTY, max_iter=2000)
        probe.fit(columns[used], faces.fake[used], sample_weight=weights * used.sum() / 2)
        judged = (known & (fold == own)) | (faces.unmet & (number == 0))
        result[judged] = probe.decision_function(columns[judged])
    return result


def main(folders: Sequence[str]) -> None:
    """Print the table."""
    faces = read(folders)

    def load(name: str) -> Any:
        return keras.saving.load_model(MODELS / f"{name}.keras", compile=False)

    base, older = (log_odds(load(name), faces.crops) for name in ("v5", "v4"))
    folds = np.random.default_rng(0).integers(0, FOLDS, len(base))
    rows: dict[str, Floats] = {
        "nothing": base,
        "mirrored view": (base + log_odds(load("v5"), faces.crops[:, :, ::-1])) / 2,
        "view shifted by 4 and 3 pixels": (base + log_odds(load("v5"), shifted(faces.crops))) / 2,
        "view of the middle 80 %": (base + log_odds(load("v5"), zoomed(faces.crops))) / 2,
        "15 % of v4's log-odds": 0.85 * base + 0.15 * older,
        "10 % of v4's change of weights": log_odds(
            moved_towards(load("v5"), load("v4"), 0.1), faces.crops
        ),
        "20 % of v4's change of weights": log_odds(
            moved_towards(load("v5"), load("v4"), 0.2), faces.crops
        ),
        "spectrum, pictures of the same sources": with_spectrum(faces, base, folds),
        "spectrum, pictures of other sources": with_spectrum(faces, base, faces.source),
    }
    known, reals = ~faces.unmet, ~faces.fake
    typer.echo("| v5 and | AUC, validation | found at 3 % false alarms | Emu |")
    typer.echo("| --- | --- | --- | --- |")
    for name, values in rows.items():
        weights = faces.weights(known)
        order = np.argsort(-values[known & reals])
        passed = np.cumsum(weights[known & reals][order])
        limit = values[known & reals][order][np.searchsorted(passed, FALSE_ALARMS)]
        share = weights[known & faces.fake & (values >= limit)].sum()
        unmet = faces.auc(values, faces.unmet | (known & reals))
        typer.echo(f"| {name} | {faces.auc(values, known):.3f} | {share:.2f} | {unmet:.3f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
