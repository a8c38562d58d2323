"""Files next to a model: its card, and `eval_config.json` of older projects.

Reads and writes cards, and checks them against model files.
`<name>.eval_config.json` has the threshold and label map of one model, `eval_config.json` those of
every other model in its folder.
"""

import hashlib
import re
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from detection_model.card.schema import (
    Activation,
    Card,
    ClassName,
    Probability,
    Strict,
)

# Supported files in any case, the preferred one first.
MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")

Sidecar = TypeVar("Sidecar", bound=BaseModel)


class CardError(ValueError):
    """The card cannot be read, or it contradicts its model file."""


class ModelFacts(Strict):
    """Properties of a model file, known once it is loaded."""

    height: int
    width: int
    units: int
    activation: Activation = Field(description="of the last layer; linear if it outputs logits")
    rescales: bool = Field(description="the graph has a Rescaling or Normalization layer")
    parameters: int
    classes: tuple[ClassName, ClassName] | None = Field(
        None,
        description="of 0 and 1 in the weights that the architecture's authors published; null "
        "if the file is not known to be one of them",
    )


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(card: Card) -> str:
    """The identity of a model in evaluations: SHA-256 of its file, or of an ensemble's members.

    A new threshold or calibrator does not change it.
    """
    if card.sha256 is not None:
        return card.sha256
    combined = card.model_dump_json(include={"members", "combination"})
    return hashlib.sha256(combined.encode()).hexdigest()


def card_path(model_path: Path) -> Path:
    """Path of a model file's card."""
    return model_path.with_suffix(".json")


def natural_order(name: str) -> list[tuple[str, int]]:
    """Sort key that puts v2 before v10."""
    return [(text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d*)", name)]


def model_files(folder: Path) -> dict[str, Path]:
    """The model files of a folder by name; of v1.keras and v1.h5 the former. Hidden ones are not.

    A missing folder has none.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return {}
    by_name: dict[str, Path] = {}
    for suffix in MODEL_SUFFIXES:
        for path in paths:
            if path.suffix.lower() == suffix:
                by_name.setdefault(path.stem, path)
    return by_name


def newest_model(folder: Path) -> str | None:
    """The published model that answers by default: the last one, in natural order, with a card."""
    named = {name for name, path in model_files(folder).items() if card_path(path).is_file()}
    return max(named, key=natural_order, default=None)


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        CardError: not JSON, or not a card; the message names the field.
    """
    return read_beside(path, Card)


def read_beside(path: Path, kind: type[Sidecar]) -> Sidecar:
    """Read a JSON file next to a model.

    Raises:
        CardError: the file cannot be read or does not fit the schema; names the field.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CardError(f"{path.name}: {field}: {first['msg']}") from None
    except OSError as error:
        raise CardError(f"{path.name}: cannot be read ({error.strerror})") from None


def write_card(card: Card, path: Path) -> None:
    """Write a card as indented JSON, for readable diffs."""
    path.write_text(card.model_dump_json(indent=2, exclude_none=True) + "\n")


def contradictions(card: Card, facts: ModelFacts, sha256: str) -> list[str]:
    """One sentence for each field in which a card contradicts its file."""
    pairs = [
        ("sha256", card.sha256, sha256),
        ("input.height", card.input.height, facts.height),
        ("input.width", card.input.width, facts.width),
        ("output.classes", card.output.units, facts.units),
    ]
    if facts.activation != "linear":
        pairs.append(("output.activation", card.output.activation, facts.activation))
    if card.parameters is not None:
        pairs.append(("parameters", card.parameters, facts.parameters))
    return [
        f"{field} says {stated}, the file {actual}"
        for field, stated, actual in pairs
        if stated != actual
    ]


EVAL_CONFIG = "eval_config.json"


class EvalConfig(BaseModel):
    """The supported fields of `eval_config.json`; others are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    threshold: Probability | None = None
    label_map: dict[str, int | str] | None = None

    @field_validator("label_map")
    @classmethod
    def _names_both(cls, value: dict[str, int | str] | None) -> dict[str, int | str] | None:
        if value is not None and set(_indexes(value)) != {"Real", "Fake"}:
            raise ValueError('must map Real and Fake to 0 and 1, like {"Real": 0, "Fake": 1}')
        return value

    @property
    def classes(self) -> tuple[ClassName, ...] | None:
        """The classes of 0 and of 1; None without a label map."""
        if self.label_map is None:
            return None
        indexes = _indexes(self.label_map)
        return tuple(sorted(indexes, key=lambda name: indexes[name]))


def _indexes(label_map: dict[str, int | str]) -> dict[ClassName, int]:
    """Class to index, from either {"Fake": 1} or {"1": "Fake"}; names in any case."""
    classes: dict[ClassName, int] = {}
    for key, value in label_map.items():
        name, index = (str(value), key) if key.isdigit() else (key, str(value))
        if name.title() in ("Real", "Fake") and index in ("0", "1"):
            classes[cast(ClassName, name.title())] = int(index)
    return classes if set(classes.values()) == {0, 1} else {}


def eval_config_path(model_path: Path) -> Path:
    """The file that applies to a model; it may not exist."""
    own = model_path.with_name(f"{model_path.stem}.{EVAL_CONFIG}")
    return own if own.exists() else model_path.with_name(EVAL_CONFIG)


def read_eval_config(model_path: Path) -> EvalConfig:
    """The configuration next to a model file; empty if there is none.

    Raises:
        CardError: the file cannot be read; the message names the field.
    """
    path = eval_config_path(model_path)
    return read_beside(path, EvalConfig) if path.exists() else EvalConfig()


def check_label_map(config: EvalConfig, card: Card) -> None:
    """Check the label map against the card.

    Raises:
        CardError: they name opposite classes.
    """
    if config.classes is not None and config.classes != card.output.classes:
        raise CardError(
            f"{EVAL_CONFIG}: label_map says {'/'.join(config.classes)} for 0/1, "
            f"the card's output.classes {'/'.join(card.output.classes)}"
        )
