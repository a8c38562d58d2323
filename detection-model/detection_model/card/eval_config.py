"""`eval_config.json`, which older projects leave beside a model: threshold and label map.

`<name>.eval_config.json` speaks for one model, `eval_config.json` for every model of its folder
that has none of its own.
"""

from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict, field_validator

from detection_model.card import Card, CardError, ClassName, Probability, read_beside

SHARED = "eval_config.json"


class EvalConfig(BaseModel):
    """What is understood of it; other fields are left alone."""

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
        """The class of 0 and the class of 1, none where it does not say."""
        if self.label_map is None:
            return None
        indexes = _indexes(self.label_map)
        return tuple(sorted(indexes, key=lambda name: indexes[name]))


def _indexes(label_map: dict[str, int | str]) -> dict[ClassName, int]:
    """Both ways of writing it, {"Fake": 1} and {"1": "Fake"}, as the first; names in any case."""
    found: dict[ClassName, int] = {}
    for key, value in label_map.items():
        name, index = (str(value), key) if key.isdigit() else (key, str(value))
        if name.title() in ("Real", "Fake") and index in ("0", "1"):
            found[cast(ClassName, name.title())] = int(index)
    return found if set(found.values()) == {0, 1} else {}


def eval_config_path(model_path: Path) -> Path:
    """The file that speaks for a model; it may not exist."""
    own = model_path.with_name(f"{model_path.stem}.{SHARED}")
    return own if own.exists() else model_path.with_name(SHARED)


def read_eval_config(model_path: Path) -> EvalConfig:
    """What stands beside a model file; empty where nothing does.

    Raises:
        CardError: it cannot be read; the message names the field.
    """
    path = eval_config_path(model_path)
    return read_beside(path, EvalConfig) if path.exists() else EvalConfig()


def check_against(config: EvalConfig, card: Card) -> None:
    """Refuse a label map that says the opposite of the card.

    Raises:
        CardError: it does.
    """
    if config.classes is not None and config.classes != card.output.classes:
        raise CardError(
            f"{SHARED}: label_map says {'/'.join(config.classes)} for 0/1, "
            f"the card's output.classes {'/'.join(card.output.classes)}"
        )
