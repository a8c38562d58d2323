"""Judges a folder of pictures that are all of one kind, such as portraits somebody generated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detection_model.data.decoding import BadPicture
from detection_model.imaging import ImageError
from detection_model.inference.detector import Detector
from detection_model.inference.pipeline import predict
from detection_model.inference.verdict import Verdict


@dataclass(frozen=True)
class Judgements:
    """Verdicts by file name and model, and the files that were no pictures."""

    models: list[str]
    verdicts: dict[str, dict[str, Verdict]]
    bad: list[BadPicture]

    def found(self, model: str) -> int:
        """How many pictures a model calls Fake."""
        return sum(by_model[model].prediction == "Fake" for by_model in self.verdicts.values())


def judge_folder(folder: Path, detectors: Mapping[str, Detector]) -> Judgements:
    """Judge every file of a folder with every model; hidden files are passed over.

    A folder that is not there holds no pictures.
    """
    files = [p for p in folder.glob("*") if p.is_file() and not p.name.startswith(".")]
    verdicts: dict[str, dict[str, Verdict]] = {}
    bad = []
    for file in sorted(files):
        data = file.read_bytes()
        try:
            verdicts[file.name] = {
                name: predict(found, data).verdict for name, found in detectors.items()
            }
        except ImageError as error:
            bad.append(BadPicture(file, error.message))
    return Judgements(list(detectors), verdicts, bad)
