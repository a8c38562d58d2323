"""Does it help if v5's last layer tells sources of photographs apart, or kinds of fakes?

    python studies/last_layers.py ../data/Broad ../data/All > studies/last_layers.md

Each layer is a logistic regression on the numbers of v5's head, fitted to every training source,
and then without a random quarter of the generators and of the sources of photographs in turn. v5
itself has seen all sources: only the layer has not. Takes at most `MOST` faces of each source and
split, and one view of each.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import typer
from averages import KINDS
from input_sizes import SEED, measured, read
from leave_one_out import (
    FEW,
    PAIRED,
    SPEC,
    Faces,
    Mask,
    equal_weights,
    groups,
    threshold,
)
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from detection_model.architectures.heads import STATISTICS

MODEL = Path(__file__).parents[1] / "models" / "v5.keras"
MOST, PENALTY = 300, 1e-4
FOLDS, DEALS = 4, 2
LAYERS = ("real or fake", "sources of photographs", "sources of photographs and kinds of fakes")
DIFFUSION, SWAPS = KINDS["diffusion"].split(), KINDS["swaps"].split()

Scores = NDArray[np.float64]


def labels(faces: Faces, layer: str) -> NDArray[np.str_]:
    """The class of every face that a layer is fitted to; those of photographs start with "real"."""
    real = np.char.add("real ", faces.source) if layer != LAYERS[0] else "real"
    fake = np.full(len(faces.fake), "fake", dtype="U60")
    if layer == LAYERS[2]:
        for number, group in enumerate(groups(faces, fake=True)):
            fake[np.isin(faces.source, group)] = f"fake {number}"
        fake[np.isin(faces.source, DIFFUSION)] = "fake diffusion"
    return np.where(faces.fake, fake, real)


def scores(faces: Faces, layer: str, training: Mask) -> Scores:
    """Log-odds of Fake of all faces, by a layer fitted to some of them."""
    model = LogisticRegression(C=PENALTY, max_iter=200, tol=2e-3)
    weights = equal_weights(faces, training)[training]
    model.fit(faces.numbers[training], labels(faces, layer)[training], sample_weight=weights)
    if len(model.classes_) == 2:  # "fake" and "real"
        return -model.decision_function(faces.numbers)  # type: ignore[no-any-return]
    log_odds = model.decision_function(faces.numbers)
    real = np.char.startswith(model.classes_.astype(str), "real")
    return logsumexp(log_odds[:, ~real], axis=1) - logsumexp(log_odds[:, real], axis=1)  # type: ignore[no-any-return]


def auc(faces: Faces, log_odds: Scores, chosen: Mask) -> float:
    """AUC on the chosen faces, sources of each class alike."""
    weights = equal_weights(faces, chosen, FEW)[chosen]
    return float(roc_auc_score(faces.fake[chosen], log_odds[chosen], sample_weight=weights))


def folds(faces: Faces) -> Iterator[Mask]:
    """What each fold leaves out: a quarter of the generators, and of the sources of photographs."""
    for deal in range(DEALS):
        rng = np.random.default_rng([SEED, deal])
        fakes, reals = (groups(faces, fake=fake) for fake in (True, False))
        fakes = [fakes[at] for at in rng.permutation(len(fakes))]
        reals = [reals[at] for at in rng.permutation(len(reals))]
        for fold in range(FOLDS):
            photographs = [name for (name,) in reals[fold::FOLDS]]
            fake_names = [name for group in fakes[fold::FOLDS] for name in group]
            # A swapped face must not be told from photographs by its frame.
            fake_names += [PAIRED[name] for name in photographs if name in PAIRED]
            out = np.where(
                faces.fake, np.isin(faces.source, fake_names), np.isin(faces.source, photographs)
            )
            yield out.astype(np.bool_)


def left_out(faces: Faces, layer: str) -> list[float]:
    """Means over left-out sources: AUC of all generators, diffusion and swaps; share accused."""
    training = faces.split == "train"
    aucs: list[tuple[str, float]] = []
    accused: list[float] = []
    for out in folds(faces):
        log_odds = scores(faces, layer, training & ~out)
        limit = threshold(faces, log_odds, out)
        own = out & ~training
        photographs = own & ~faces.fake
        for name in np.unique(faces.source[own & faces.fake]):
            fakes = own & faces.fake & (faces.source == name)
            aucs.append((name, auc(faces, log_odds, fakes | photographs)))
        for name in np.unique(faces.source[photographs]):
            chosen = photographs & (faces.source == name)
            accused.append(float((log_odds[chosen] >= limit).mean()))
    kinds = (
        [value for _, value in aucs],
        [value for name, value in aucs if name in DIFFUSION],
        [value for name, value in aucs if name in SWAPS],
        accused,
    )
    return [float(np.mean(values)) for values in kinds]


def main(data: Annotated[list[Path], typer.Argument()]) -> None:
    """Print a table in Markdown."""
    network = keras.models.load_model(MODEL, compile=False)
    statistics = keras.Model(network.inputs, network.get_layer(STATISTICS).output)
    faces = measured(read(data, MOST), statistics, SPEC.height)
    nothing = np.zeros(len(faces.fake), np.bool_)
    typer.echo(
        "| classes of the last layer | AUC, sources seen | found | AUC, left out | diffusion "
        "| swaps | left-out photographs accused |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for layer in LAYERS:
        log_odds = scores(faces, layer, faces.split == "train")
        validation = faces.split == "validation"
        weights = equal_weights(faces, validation, FEW)[validation & faces.fake]
        limit = threshold(faces, log_odds, nothing)
        found = weights[log_odds[validation & faces.fake] >= limit].sum() / weights.sum()
        cells = [auc(faces, log_odds, validation), found, *left_out(faces, layer)]
        typer.echo(f"| {layer} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")


if __name__ == "__main__":
    typer.run(main)
