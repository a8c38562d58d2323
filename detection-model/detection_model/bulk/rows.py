"""Turns pictures into rows with the library's predictor, run by LiteRT."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from detection_model import imaging
from detection_model.bulk.sources import Item, SourceError, read_item
from detection_model.card import Assumption, Card, file_sha256, read_card
from detection_model.export.litert import (
    LITERT_FILE,
    compile_model,
    compiled_folder,
    copy_published,
    publish_compiled,
    read_compiled,
)
from detection_model.inference.crops import ImageCrops
from detection_model.inference.detector import (
    Detector,
    Ensemble,
    ModelError,
    member_files,
    resolve_card,
)
from detection_model.inference.pipeline import Model, PredictOptions, predict_crops
from detection_model.inference.probability import published_threshold
from detection_model.inference.runtime import LiteRT

Row = dict[str, Any]

SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("position", pa.int64()),
        pa.field("name", pa.string(), nullable=False),
        pa.field("sha256", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("format", pa.string()),
        pa.field("verdict", pa.string()),
        pa.field("prediction", pa.string()),
        pa.field("fake", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("logit", pa.float64()),
        pa.field("region", pa.string()),
        pa.field("faces", pa.int32()),
        pa.field("reasons", pa.list_(pa.string())),
        pa.field("notes", pa.list_(pa.string())),
        pa.field("error", pa.string()),
        pa.field("message", pa.string()),
    ]
)


@dataclass(frozen=True)
class ConvertedModel:
    """A model file with its card and its LiteRT form, which needs no TensorFlow to run.

    `sha256` is that of the file. `litert` is None for a model that does not convert; it is loaded
    by Keras from `path`.
    """

    path: Path
    sha256: str
    card: Card
    assumptions: tuple[Assumption, ...]
    litert: bytes | None

    def load(self) -> Detector:
        """The model, ready to run on one thread."""
        if self.litert is None:
            return Detector.load(self.path)
        return Detector(self.path, self.card, list(self.assumptions), LiteRT(self.litert))


@dataclass(frozen=True)
class Scorer:
    """Scores pictures with one model, or with an ensemble of several. Can be pickled."""

    path: Path
    ensemble: Card | None
    models: tuple[ConvertedModel, ...]
    options: PredictOptions

    @property
    def threshold(self) -> float:
        """The threshold in force, on the calibrated probability of Fake, in [0, 1]."""
        if self.options.threshold is not None:
            return self.options.threshold
        return published_threshold(self.path, self.ensemble or self.models[0].card)

    @property
    def cards_sha256(self) -> str:
        """SHA-256 of the cards in force, which hold calibrators and uncertainty settings."""
        cards = [*filter(None, [self.ensemble]), *(model.card for model in self.models)]
        text = "\n".join(card.model_dump_json() for card in cards)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def engines(self) -> list[str]:
        """The engine of each model."""
        return ["litert" if model.litert is not None else "keras" for model in self.models]

    def load(self) -> Model:
        """The model, ready to run on one thread."""
        members = [model.load() for model in self.models]
        return Ensemble(self.path, self.ensemble, members) if self.ensemble else members[0]


def convert(path: Path, options: PredictOptions, cache: Path) -> Scorer:
    """Convert a model file, or the members of an ensemble's card, where `cache` lacks them.

    Raises:
        ModelError: not a model that takes one image.
        CardError: the card is invalid or contradicts the file.
    """
    ensemble = read_card(path) if path.suffix == ".json" else None
    files = member_files(path, ensemble) if ensemble else [path]
    models = tuple(_converted(file, cache) for file in files)
    scorer = Scorer(path, ensemble, models, options)
    # One threshold for the whole run: other machines may not have the files that set it.
    return replace(scorer, options=replace(options, threshold=scorer.threshold))


def score_item(item: Item, model: Model, options: PredictOptions) -> Row:
    """The row of one picture."""
    row: Row = dict.fromkeys(SCHEMA.names) | item._asdict()
    try:
        picture = imaging.decode(read_item(item))
        result = predict_crops(model, ImageCrops(picture.pixels, picture.notes), options)
    except (imaging.ImageError, SourceError) as error:
        return row | {"error": error.code, "message": error.message}
    except Exception as error:  # noqa: BLE001  a fault of ours must not end the other millions
        return row | {"error": "internal_error", "message": f"{type(error).__name__}: {error}"}
    verdict = result.verdict
    return row | {
        "sha256": picture.sha256,
        "width": picture.width,
        "height": picture.height,
        "format": picture.format,
        "verdict": verdict.verdict,
        "prediction": verdict.prediction,
        "fake": verdict.fake,
        "threshold": verdict.threshold,
        "logit": verdict.logit,
        "region": result.region,
        "faces": result.face_count,
        "reasons": [reason.code for reason in verdict.explained],
        "notes": [note.code for note in result.notes],
    }


def failed_row(item: Item) -> Row:
    """The row of a picture that ended its worker process each time."""
    text = "The worker process ended each time it read this picture, so it is left out."
    return dict.fromkeys(SCHEMA.names) | item._asdict() | {"error": "worker_ended", "message": text}


def _converted(path: Path, cache: Path) -> ConvertedModel:
    sha256 = file_sha256(path)
    folder = compiled_folder(cache, sha256)
    report = read_compiled(folder)
    if report is None:
        cache.mkdir(parents=True, exist_ok=True)
        finished = Path(tempfile.mkdtemp(prefix=".converting-", dir=cache))
        try:
            report = copy_published(path, sha256, finished)
            report = report or compile_model(path, sha256, finished)
            publish_compiled(report, finished, folder)
        finally:
            shutil.rmtree(finished, ignore_errors=True)
    if report.facts is None:
        raise ModelError(report.problem or f"{path.name} cannot be converted")
    card, assumptions = resolve_card(path, sha256, report.facts)
    litert = (folder / LITERT_FILE).read_bytes() if report.engine == "litert" else None
    return ConvertedModel(path, sha256, card, tuple(assumptions), litert)
