"""`eval_config.json` of older projects: the threshold and label map of a model.

`<name>.eval_config.json` applies to one model, `eval_config.json` to every other model in its
folder.
"""

from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict, field_validator

from detection_model.card import Card, CardError, ClassName, Probability, read_beside

SHARED = "eval_config.json"


class EvalConfig(BaseModel):
    """The supported fields; others are ignored."""

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
    own = model_path.with_name(f"{model_path.stem}.{SHARED}")
    return own if own.exists() else model_path.with_name(SHARED)


def read_eval_config(model_path: Path) -> EvalConfig:
    """The configuration next to a model file; empty if there is none.

    Raises:
        CardError: the file cannot be read; the message names the field.
    """
    path = eval_config_path(model_path)
    return read_beside(path, EvalConfig) if path.exists() else EvalConfig()


def check_against(config: EvalConfig, card: Card) -> None:
    """Check the label map against the card.

    Raises:
        CardError: they name opposite classes.
    """
    if config.classes is not None and config.classes != card.output.classes:
        raise CardError(
            f"{SHARED}: label_map says {'/'.join(config.classes)} for 0/1, "
            f"the card's output.classes {'/'.join(card.output.classes)}"
        )
