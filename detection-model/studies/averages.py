"""Averages of networks' weights on validation pictures, by kind of fake: which one to publish.

    python studies/averages.py --data ../data/Broad v5.keras v5.keras=0.5+B.keras=0.5

Each argument is a Keras file, or several with their shares. Prints a row for each in Markdown: the
AUC and the share of fakes found at 3 % false alarms, with every source of a class weighted alike,
then the AUC of each data set, and of some kinds of fakes against all photographs.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
import typer
from left_out_training import Faces, Floats, threshold
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
    "StyleGAN2": "StyleGAN2 stylegan2 stylegan2-tuned",
    "composites": "Composites",
    "swaps": "faceswap-dfl",
    "StarGAN": "stargan-v1 stargan-v2",
}
MARGIN = 0.3


def auc(faces: Faces, log_odds: Floats, chosen: NDArray[np.bool_]) -> float:
    """AUC of the chosen faces (n,)."""
    weights = faces.weights(chosen)[chosen]
    return float(roc_auc_score(faces.fake[chosen], log_odds[chosen], sample_weight=weights))


def of_set(faces: Faces, folder: str) -> NDArray[np.bool_]:
    """The faces of a data set."""
    return np.char.startswith(faces.source, f"{folder}/")


def of_kind(faces: Faces, sources: str) -> NDArray[np.bool_]:
    """The fakes of some sources, and all photographs."""
    names = np.array([name.rpartition("/")[2] for name in faces.source])
    return ~faces.fake | np.isin(names, sources.split())


def found(faces: Faces, log_odds: Floats) -> float:
    """Share of the fakes above the log-odds that 3 % of the photographs exceed."""
    weights = faces.weights(np.ones(len(faces.fake), np.bool_))[faces.fake]
    limit = threshold(faces, log_odds, ~faces.fake)
    return float(weights[log_odds[faces.fake] >= limit].sum() / weights.sum())


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
    split = np.full(len(names), "validation")
    return Faces(pictures.pixels, pictures.targets > 0, names, split)


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
    # Before the pictures are read, so that a wrong path is reported at once.
    networks = {text: average(text) for text in averages}
    faces = read(data, architectures.RECIPES["v5"].input)
    every = np.ones(len(faces.fake), np.bool_)
    parts = {folder.name: of_set(faces, folder.name) for folder in data}
    parts |= {kind: of_kind(faces, sources) for kind, sources in KINDS.items()}
    typer.echo(f"| | AUC | found | {' | '.join(parts)} |\n| --- |{' --- |' * (len(parts) + 2)}")
    for text, model in networks.items():
        values = log_odds(model, faces.crops)
        cells = [auc(faces, values, every), found(faces, values)]
        cells += [auc(faces, values, chosen) for chosen in parts.values()]
        typer.echo(f"| {text} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")


if __name__ == "__main__":
    typer.run(main)
