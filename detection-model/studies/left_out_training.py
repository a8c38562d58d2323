"""Fine-tunes v5 four times, each time without a quarter of the sources, and measures those.

    python studies/left_out_training.py train ../data LOGS
    python studies/left_out_training.py measure ../data LOGS > studies/left_out_training.md

Each source is left out of one training, with its probe. `train` takes about 20 minutes a fold on
two cores and resumes where it was stopped. `measure` compares the probe, the fine-tuned network
and the average of their weights. Rates of fakes and photographs are at the threshold with 3 %
false alarms on the validation photographs of the sources that the fold trained on.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from detection_model import architectures
from detection_model.data.folders import Example, find_data
from detection_model.data.preprocessing import load_pictures
from detection_model.faces import face_or_whole
from detection_model.training.config import (
    FaceCropSettings,
    TrainConfig,
    configured,
    read_settings,
)
from detection_model.training.loading import TrainingData, load_data, source_weights
from detection_model.training.network import averaged
from detection_model.training.run import LAST, PROBE, RECORD, Reporter, RunRecord
from detection_model.training.sampler import CropSampler
from detection_model.training.train import fit

# By folder below data/; those of Broad without its name. One generator under several names and
# both halves of paired sets are left out together.
FOLDS = (
    "members film celebrities-soft emu stylegan2-tuned sd-1.5 stargan-v1 stargan-originals",
    "sdxl ldm-idiff celebahq-gan stylegan2 MoreData/StyleGAN2 stargan-v2 faceswap-dfl "
    "faceswap-originals utkface press staff ffhq-256",
    "flux1-dev flux1-schnell flux1-dev-lora politicians dalle3-bing MoreData/Composites "
    "speakers celebahq",
    "stable-cascade stylegan1 stylegan1-b Dataset generated-photos MoreData/Studio lfw "
    "video-frames unsplash-men ffhq-1024",
)
# A source with fewer pictures counts less among the others; of one that was left out, no more
# pictures of a class are measured.
ENOUGH, MOST, FALSE_ALARMS = 20, 200, 0.03

MEASURED = "measured.json"
TABLES = {
    "generator left out, AUC": "auc",
    "generator left out, share found": "found",
    "photographs left out, share called fake": "accused",
}

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def left_out(fold: int) -> tuple[str, ...]:
    """The sources that a fold, counted from 1, does without, as the sampler names them."""
    own_folders = ("Dataset", "MoreData")
    return tuple(
        name if name.startswith(own_folders) else f"Broad/{name}"
        for name in FOLDS[fold - 1].split()
    )


def configuration(data: str, fold: int) -> TrainConfig:
    """The training of a fold; fold 0 leaves nothing out."""
    settings = read_settings(Path(__file__).with_suffix(".yaml"))
    if fold:
        settings["portraits"]["left_out"] = left_out(fold)
    return configured("v5", settings, {"data": data, "name": f"fold{fold}"})


def portraits(config: TrainConfig) -> FaceCropSettings:
    """The face crops of a configuration."""
    if config.portraits is None:
        raise ValueError("the study trains on face crops")
    return config.portraits


def without(data: TrainingData, names: tuple[str, ...]) -> TrainingData:
    """The decoded data without some sources, which get no weight in validation.

    Raises:
        ValueError: a source is not among the data.
    """
    crops = data.train
    if not isinstance(crops, CropSampler) or {*names} - {source for source, _ in crops.pools}:
        raise ValueError("not all sources of a fold are in the data")
    pools = {kind: pool for kind, pool in crops.pools.items() if kind[0] not in names}
    rest = CropSampler(pools, crops.settings)
    source_of = {
        example: "/".join(filter(None, (name, folder.source(example))))
        for name, folder in zip(crops.settings.names, data.folders, strict=True)
        for example in folder.splits["validation"]
    }
    kinds = [(example.label, source_of[example]) for example in data.validation.examples]
    return replace(data, train=rest, validation_weights=source_weights(rest, kinds))


def train(data: str, logs: str) -> None:
    """Train all folds that are not trained yet."""
    report = Reporter(say=lambda text: typer.echo(text, err=True), verbose=2)
    everything = load_data(configuration(data, 0), report)
    for fold in range(1, len(FOLDS) + 1):
        names = left_out(fold)
        fit(configuration(data, fold), without(everything, names), Path(logs), report)


@dataclass(frozen=True)
class Faces:
    """Crops uint8 (n, 224, 224, 3) of all splits, as the service makes them."""

    crops: NDArray[np.uint8]
    fake: Mask
    source: NDArray[np.str_]
    split: NDArray[np.str_]

    def weights(self, chosen: Mask) -> Floats:
        """Weights of the chosen pictures, sources of each class alike; 0 for the others."""
        weights = np.zeros(len(self.fake))
        for fake in (False, True):
            for name in np.unique(self.source[chosen & (self.fake == fake)]):
                own = chosen & (self.fake == fake) & (self.source == name)
                weights[own] = min(1, own.sum() / ENOUGH) / own.sum()
        return weights


def read(config: TrainConfig) -> Faces:
    """Decode and cut out the faces of all splits."""
    kinds: dict[Example, tuple[str, str]] = {}
    for name in portraits(config).names:
        folder = find_data(Path(config.data) / name)
        for split, examples in folder.splits.items():
            for example in examples:
                source = "/".join(filter(None, (name, folder.source(example))))
                kinds[example] = source, split
    margin = portraits(config).margin
    pictures = load_pictures(
        list(kinds),
        architectures.RECIPES[config.recipe].input,
        change=lambda pixels, _sha256: face_or_whole(pixels, margin),
    )
    return Faces(
        pictures.pixels,
        pictures.targets > 0,
        np.array([kinds[example][0] for example in pictures.examples]),
        np.array([kinds[example][1] for example in pictures.examples]),
    )


def to_score(faces: Faces, names: Collection[str]) -> Mask:
    """The pictures that `measured` looks at."""
    seen = ~np.isin(faces.source, [*names])
    chosen: Mask = seen & ((faces.split == "validation") | ((faces.split == "test") & ~faces.fake))
    for name in names:
        for fake in (False, True):
            own = np.flatnonzero((faces.source == name) & (faces.fake == fake))
            chosen[np.random.default_rng(0).permutation(own)[:MOST]] = True
    return chosen


def scores(model: Any, crops: NDArray[np.uint8], chosen: Mask) -> Floats:
    """Log-odds of Fake of the chosen pictures; NaN for the others."""
    model.layers[-1].activation = keras.activations.linear
    bare = keras.Model(model.inputs, model.outputs)
    log_odds = np.full(len(crops), np.nan)
    indexes = np.flatnonzero(chosen)
    for start in range(0, len(indexes), 64):
        part = indexes[start : start + 64]
        log_odds[part] = bare.predict_on_batch(crops[part].astype(np.float32))[:, 0]
    return log_odds


@dataclass(frozen=True)
class Measured:
    """Figures of one network: AUC on seen sources, and a figure for each left-out source.

    Attributes:
        seen: AUC on the validation pictures of the sources it trained on.
        auc: of the fakes of a left-out source, against the photographs of seen sources.
        found: share of these fakes that are found.
        accused: share of the photographs of a left-out source that are called fake.
    """

    seen: float
    auc: dict[str, float]
    found: dict[str, float]
    accused: dict[str, float]


def measured(faces: Faces, log_odds: Floats, names: Collection[str]) -> Measured:
    """Figures of one network from its scores."""
    unseen = np.isin(faces.source, [*names]) & ~np.isnan(log_odds)
    seen = ~np.isin(faces.source, [*names])
    validation = seen & (faces.split == "validation")
    photographs = seen & ~faces.fake & (faces.split != "train")

    def auc(chosen: Mask) -> float:
        weights = faces.weights(chosen)[chosen]
        return float(roc_auc_score(faces.fake[chosen], log_odds[chosen], sample_weight=weights))

    def rates(fake: bool) -> dict[str, float]:
        kinds = sorted({*faces.source[unseen & (faces.fake == fake)]})
        own = {name: unseen & (faces.source == name) & (faces.fake == fake) for name in kinds}
        return {name: float((log_odds[mask] >= limit).mean()) for name, mask in own.items()}

    limit = threshold(faces, log_odds, validation & ~faces.fake)
    found = rates(fake=True)
    fakes = {name: unseen & faces.fake & (faces.source == name) for name in found}
    aucs = {name: auc(photographs | own) for name, own in fakes.items()}
    return Measured(auc(validation), aucs, found, rates(fake=False))


def threshold(faces: Faces, log_odds: Floats, photographs: Mask) -> float:
    """The log-odds with 3 % false alarms on the photographs, sources alike."""
    weights = faces.weights(photographs)[photographs]
    order = np.argsort(-log_odds[photographs])
    rates = np.cumsum(weights[order]) / weights.sum()
    return float(log_odds[photographs][order][np.searchsorted(rates, FALSE_ALARMS)])


def networks(folder: Path) -> dict[str, Any]:
    """The networks of a run by name: its probe, its last epoch, the mean of their weights."""
    probe = keras.models.load_model(folder / PROBE, compile=False)
    tuned = keras.models.load_model(folder / LAST, compile=False)
    return {"probe": probe, "fine-tuned": tuned, "average": averaged([probe, tuned], [0.5, 0.5])}


def trained(runs: Path) -> Path | None:
    """The folder of a fold's finished run."""
    for path in runs.glob(f"*/{RECORD}"):
        record = RunRecord.model_validate_json(path.read_bytes())
        if len(record.history.get("loss", ())) == record.config.fine_tune_epochs:
            return path.parent
    return None


def measure(data: str, logs: str) -> None:
    """Measure the folds that are trained, and print the tables of all in Markdown."""
    faces: Faces | None = None
    results: dict[str, list[Measured]] = defaultdict(list)
    for fold in range(1, len(FOLDS) + 1):
        folder = trained(Path(logs) / f"fold{fold}")
        if folder is None:
            typer.echo(f"Fold {fold} was not trained to its end: {FOLDS[fold - 1]}\n")
            continue
        stored = folder / MEASURED
        if not stored.exists():
            faces = faces or read(configuration(data, 0))
            stored.write_text(json.dumps(figures(faces, folder, left_out(fold)), indent=1))
        for name, figure in json.loads(stored.read_text()).items():
            results[name].append(Measured(**figure))
    columns = {name: joined(parts) for name, parts in results.items()}
    for title, kind in TABLES.items():
        typer.echo(f"| {title} | {' | '.join(columns)} |\n| --- |{' --- |' * len(columns)}")
        for source in getattr(next(iter(columns.values())), kind):
            cells = (f"{getattr(column, kind)[source]:.3f}" for column in columns.values())
            typer.echo(f"| {source.removeprefix('Broad/')} | {' | '.join(cells)} |")
        means = (f"{np.mean([*getattr(c, kind).values()]):.3f}" for c in columns.values())
        typer.echo(f"| mean | {' | '.join(means)} |\n")
    seen = (f"{column.seen:.3f}" for column in columns.values())
    typer.echo(
        f"AUC on validation, sources that the fold saw, mean of the folds: {', '.join(seen)}"
    )


def figures(faces: Faces, folder: Path, names: Collection[str]) -> dict[str, Any]:
    """The figures of a run's networks by name."""
    chosen = to_score(faces, names)
    return {
        name: asdict(measured(faces, scores(network, faces.crops, chosen), names))
        for name, network in networks(folder).items()
    }


def joined(parts: Collection[Measured]) -> Measured:
    """The figures of all folds in one."""
    return Measured(
        float(np.mean([part.seen for part in parts])),
        {name: value for part in parts for name, value in part.auc.items()},
        {name: value for part in parts for name, value in part.found.items()},
        {name: value for part in parts for name, value in part.accused.items()},
    )


if __name__ == "__main__":
    commands: dict[str, Callable[[str, str], None]] = {"train": train, "measure": measure}
    commands[sys.argv[1]](*sys.argv[2:])
