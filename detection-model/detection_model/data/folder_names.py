"""Reads the split and the class from the name of a folder.

Published sets name them in many ways: `REAL`, `0_real`, `training_fake`, `Real Images`, `nature`.
A name counts only if every word in it is known: `real_vs_fake`, `not real` and `Real-ESRGAN`, a
program that makes pictures, name no class.
"""

import re
from typing import Literal

from detection_model.card import ClassName

SplitName = Literal["train", "validation", "test"]

_SPLITS: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_REAL = (
    *("real", "reals", "original", "originals", "authentic", "genuine", "pristine"),
    *("natural", "nature", "unaltered", "unmanipulated"),
)
_FAKE = (
    *("fake", "fakes", "deepfake", "deepfakes", "manipulated", "tampered", "forged", "altered"),
    *("generated", "synthetic", "synthesized", "artificial", "ai", "aigenerated"),
)
_CLASSES: dict[str, ClassName] = {**dict.fromkeys(_REAL, "Real"), **dict.fromkeys(_FAKE, "Fake")}
# Words that say nothing about the class.
_NEUTRAL = {
    *("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos"),
    *("photograph", "photographs", "face", "faces", "video", "videos", "frame", "frames"),
    *("sequence", "sequences", "sample", "samples", "crop", "crops", "data", "dataset", "set"),
    *("class", "folder", "deep"),
}
# `AIGenerated` is AI and Generated, `RealFaces` Real and Faces.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def split_and_class(name: str) -> tuple[SplitName | None, ClassName | None]:
    """The split and the class that a folder's name gives; None for each that it does not."""
    if not name.isascii():
        return None, None
    words = {word.lower() for word in _WORD.findall(name)}
    splits = {_SPLITS[word] for word in words if word in _SPLITS}
    classes = {_CLASSES[word] for word in words if word in _CLASSES}
    unknown = words - _SPLITS.keys() - _CLASSES.keys() - _NEUTRAL
    if unknown or len(splits) > 1 or len(classes) > 1:
        return None, None
    return next(iter(splits), None), next(iter(classes), None)
