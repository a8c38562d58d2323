"""The pictures of a training, decoded once."""

from dataclasses import dataclass
from pathlib import Path

from detection_model import zoo
from detection_model.card import InputSpec
from detection_model.data.folders import DataFolder, Example, SplitName, find_data
from detection_model.data.pictures import Pictures, load_pictures
from detection_model.training.config import TrainConfig
from detection_model.training.reporting import Reporter


@dataclass(frozen=True)
class TrainingData:
    """What is trained and validated on, and what run.json says of it."""

    folder: DataFolder
    spec: InputSpec
    train: Pictures
    validation: Pictures
    split: str
    examples: dict[str, int]
    fingerprint: str
    skipped: dict[str, str]
    written_split: dict[str, list[str]] | None


def load_data(config: TrainConfig, report: Reporter) -> TrainingData:
    """Decode the training and validation pictures.

    Raises:
        DataError: the data set is unusable.
    """
    recipe = zoo.ZOO[config.recipe]
    spec = recipe.input_spec(config.image_size or recipe.side)
    found = find_data(Path(config.data), seed=config.seed)

    def load(split: SplitName) -> Pictures:
        with report.decoding(split) as progress:
            pictures = load_pictures(found.split(split), spec, progress=progress)
        for bad in pictures.bad:
            report.bad(bad)
        return pictures

    train_pictures, validation = load("train"), load("validation")

    def paths(examples: list[Example]) -> list[str]:
        return [example.path.relative_to(found.root).as_posix() for example in examples]

    return TrainingData(
        folder=found,
        spec=spec,
        train=train_pictures,
        validation=validation,
        split=found.how,
        examples=found.counts(),
        fingerprint=train_pictures.fingerprint,
        skipped={
            bad.path.relative_to(found.root).as_posix(): bad.reason
            for bad in train_pictures.bad + validation.bad
        },
        written_split=(
            {str(name): paths(part) for name, part in found.splits.items()}
            if found.drawn_with is not None
            else None
        ),
    )
