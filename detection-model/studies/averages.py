"""Averages of networks' weights on validation pictures, by kind of fake: which one to publish.

    python studies/averages.py --data ../data/Broad v5.keras v5.keras=0.5+B.keras=0.5

Each argument is a Keras file, or several with their shares. Prints a row for each in Markdown: the
AUC and the share of fakes found at 3 % false alarms, with every source of a class weighted alike,
then the AUC of some kinds of fakes against all photographs.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
import typer
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from detection_model import architectures
from detection_model.architectures import heads  # noqa: F401  registers the layers of v5's head
from detection_model.card import InputSpec
from detection_model.data.folders import Example, find_data
from detection_model.data.preprocessing import load_pictures
from detection_model.faces import face_or_whole
from detection_model.training.network import averaged

KINDS = {
    "diffusion": "sdxl flux1-schnell flux1-dev flux1-dev-lora sd-1.5 ldm-idiff dalle3-bing emu "
    "stable-cascade",
    "Emu": "emu",
    "DALL-E 3": "dalle3-bing",
    "StyleGAN": "StyleGAN stylegan1 stylegan1-b",
    "composites": "Composites",
    "swaps": "faceswap-dfl",
    "StarGAN": "stargan-v1 stargan-v2",
}
MARGIN = 0.3
# A source with fewer pictures counts less among the others of its class.
ENOUGH, FALSE_ALARMS = 20, 0.03

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Faces:
    """Crops uint8 (n, height, width, 3) of validation pictures, as the service makes them."""

    crops: NDArray[np.uint8]
    fake: Mask
    source: NDArray[np.str_]

    def weights(self, chosen: Mask) -> Floats:
        """Weights of the chosen pictures, sources of each class alike; 0 for the others."""
        weights = np.zeros(len(self.fake))
        for fake in (False, True):
            for name in np.unique(self.source[chosen & (self.fake == fake)]):
                own = chosen & (self.fake == fake) & (self.source == name)
                weights[own] = min(1, own.sum() / ENOUGH) / own.sum()
        return weights

    def auc(self, log_odds: Floats, sources: Collection[str] | None = None) -> float:
        """AUC of all fakes, or of those of some sources, against all photographs."""
        chosen = np.ones(len(self.fake), np.bool_)
        if sources is not None:
            chosen = ~self.fake | self._of(sources)
        weights = self.weights(chosen)[chosen]
        return float(roc_auc_score(self.fake[chosen], log_odds[chosen], sample_weight=weights))

    def found(self, log_odds: Floats) -> float:
        """Share of the fakes above the log-odds that 3 % of the photographs exceed."""
        weights = self.weights(np.ones(len(self.fake), np.bool_))
        order = np.argsort(-log_odds[~self.fake])
        passed = np.cumsum(weights[~self.fake][order])
        limit = log_odds[~self.fake][order][np.searchsorted(passed, FALSE_ALARMS * passed[-1])]
        fakes = weights[self.fake]
        return float(fakes[log_odds[self.fake] >= limit].sum() / fakes.sum())

    def _of(self, sources: Collection[str]) -> Mask:
        names = np.array([name.rpartition("/")[2] for name in self.source])
        return np.isin(names, [*sources])


def read(folders: Collection[Path], spec: InputSpec) -> Faces:
    """Decode and crop the validation pictures."""
    sources: dict[Example, str] = {}
    for folder in folders:
        data = find_data(folder)
        for example in data.splits["validation"]:
            sources[example] = f"{folder.name}/{data.source(example)}"
    pictures = load_pictures(
        list(sources), spec, change=lambda pixels, _sha256: face_or_whole(pixels, MARGIN)
    )
    names = np.array([sources[example] for example in pictures.examples])
    return Faces(pictures.pixels, pictures.targets > 0, names)


@cache
def network(path: str) -> Any:
    """A network with its weights."""
    return keras.models.load_model(path, compile=False)


def average(text: str) -> Any:
    """The network that `text` describes, such as `a.keras=0.5+b.keras=0.5`, without a sigmoid."""
    parts = [part.partition("=") for part in text.split("+")]
    shares = [float(share or 1) for _, _, share in parts]
    model = averaged([network(path) for path, _, _ in parts], shares)
    model.layers[-1].activation = keras.activations.linear
    return model


def log_odds(model: Any, crops: NDArray[np.uint8]) -> Floats:
    """Log-odds of Fake (n,), before calibration."""
    run = tf.function(lambda batch: model(batch, training=False), reduce_retracing=True)
    batches = (crops[at : at + 64].astype(np.float32) for at in range(0, len(crops), 64))
    return np.concatenate([run(tf.constant(batch)).numpy()[:, 0] for batch in batches])


def main(averages: list[str], data: Annotated[list[Path], typer.Option()]) -> None:
    """Print a table in Markdown."""
    faces = read(data, architectures.RECIPES["v5"].input)
    typer.echo(f"| | AUC | found | {' | '.join(KINDS)} |\n| --- |{' --- |' * (len(KINDS) + 2)}")
    for text in averages:
        values = log_odds(average(text), faces.crops)
        cells = [faces.auc(values), faces.found(values)]
        cells += [faces.auc(values, sources.split()) for sources in KINDS.values()]
        typer.echo(f"| {text} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")


if __name__ == "__main__":
    typer.run(main)
