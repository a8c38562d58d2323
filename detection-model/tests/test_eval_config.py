"""`eval_config.json` of older projects: threshold and label map in each spelling."""

import json
from pathlib import Path

import pytest

from detection_model.card import (
    Card,
    CardError,
    EvalConfig,
    InputSpec,
    ModelFacts,
    read_eval_config,
    write_card,
)
from detection_model.inference.detector import resolve_card

SHA = "a" * 64
FACTS = ModelFacts(height=64, width=48, units=1, activation="sigmoid", rescales=True, parameters=4)


@pytest.mark.parametrize(
    ("label_map", "classes"),
    [
        ({"Real": 0, "Fake": 1}, ("Real", "Fake")),
        ({"fake": 0, "real": 1}, ("Fake", "Real")),
        ({"0": "FAKE", "1": "REAL"}, ("Fake", "Real")),
        (None, None),
    ],
)
def test_label_maps(label_map: dict[str, int | str] | None, classes: object) -> None:
    assert EvalConfig(label_map=label_map).classes == classes


def test_a_models_own_file_overrides_that_of_the_folder(tmp_path: Path) -> None:
    model = tmp_path / "m.keras"
    assert read_eval_config(model).threshold is None
    (tmp_path / "eval_config.json").write_text(json.dumps({"threshold": 0.3, "other": 1}))
    assert read_eval_config(model).threshold == 0.3
    (tmp_path / "m.eval_config.json").write_text(json.dumps({"threshold": 0.7}))
    assert read_eval_config(model).threshold == 0.7


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ('{"threshold": 2}', "threshold"),
        ('{"label_map": {"cat": 0, "dog": 1}}', "label_map"),
        ('{"label_map": {"real": 0, "fake": 0}}', "label_map"),
        ("{", "the file"),
    ],
)
def test_invalid_values_are_refused_with_the_fields_name(
    tmp_path: Path, content: str, field: str
) -> None:
    (tmp_path / "eval_config.json").write_text(content)
    with pytest.raises(CardError, match=rf"eval_config\.json: {field}"):
        read_eval_config(tmp_path / "m.keras")


def test_without_a_card_the_label_map_sets_the_polarity(tmp_path: Path) -> None:
    (tmp_path / "eval_config.json").write_text('{"label_map": {"fake": 0, "real": 1}}')
    card, assumptions = resolve_card(tmp_path / "m.keras", SHA, FACTS)
    assert card.output.classes == ("Fake", "Real")
    order = next(text for text in assumptions if text.code == "class_order_configured")
    assert order.message == "output 1 means Real (as eval_config.json says)"
    assert order.values == {"class": "Real"}


def test_a_label_map_that_contradicts_the_card_is_refused(tmp_path: Path) -> None:
    card = Card(name="m", sha256=SHA, input=InputSpec(height=64, width=48))
    write_card(card, tmp_path / "m.json")
    (tmp_path / "eval_config.json").write_text('{"label_map": {"fake": 0, "real": 1}}')
    with pytest.raises(CardError, match=r"label_map says Fake/Real.*output\.classes Real/Fake"):
        resolve_card(tmp_path / "m.keras", SHA, FACTS)
