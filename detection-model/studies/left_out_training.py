"""Fine-tunes v5 four times, each time without a quarter of the sources, and measures those.

    python studies/left_out_training.py train ../data LOGS
    python studies/left_out_training.py measure ../data LOGS > studies/left_out_training.md

Each source is left out of one training, with its probe. `train` takes about 20 minutes a fold on
two cores and resumes where it was stopped.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import typer

from detection_model.training.config import TrainConfig, configured, read_settings
from detection_model.training.loading import TrainingData, load_data, source_weights
from detection_model.training.run import Reporter
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


def without(data: TrainingData, names: tuple[str, ...]) -> TrainingData:
    """The decoded data without some sources, which get no weight in validation."""
    crops = data.train
    assert isinstance(crops, CropSampler)
    assert {*names} <= {source for source, _ in crops.pools}
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
    """Train all folds."""
    report = Reporter(say=lambda text: typer.echo(text, err=True), verbose=2)
    everything = load_data(configuration(data, 0), report)
    for fold in range(1, len(FOLDS) + 1):
        names = left_out(fold)
        fit(configuration(data, fold), without(everything, names), Path(logs), report)


if __name__ == "__main__":
    commands: dict[str, Callable[[str, str], None]] = {"train": train}
    commands[sys.argv[1]](*sys.argv[2:])
