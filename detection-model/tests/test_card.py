"""Cards survive a round trip; invalid ones are refused with the field's name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection_model.card import (
    Card,
    CardError,
    InputSpec,
    ModelFacts,
    OutputSpec,
    assumed_card,
    contradictions,
    newest_model,
    read_card,
    write_card,
)

SCHEMA = Path(__file__).parents[1] / "card.schema.json"
SHA = "a" * 64
FACTS = ModelFacts(
    height=64, width=48, units=1, activation="sigmoid", rescales=True, parameters=123
)
CARD = Card(name="m", sha256=SHA, input=InputSpec(height=64, width=48), parameters=123)

calibrators = st.one_of(
    st.just({"kind": "none"}),
    st.builds(
        lambda t, b: {"kind": "temperature", "temperature": t, "bias": b},
        st.floats(0.01, 100),
        st.floats(-5, 5),
    ),
    st.builds(
        lambda xs, ys: {"kind": "isotonic", "x": sorted(xs), "y": sorted(ys)},
        st.lists(st.floats(0, 1), min_size=3, max_size=3, unique=True),
        st.lists(st.floats(0, 1), min_size=3, max_size=3),
    ),
)


@given(
    calibrators,
    st.floats(0, 1),
    st.sampled_from([("sigmoid", ("Fake", "Real")), ("softmax", ("Real", "Fake", "Fake"))]),
    st.text(min_size=1, max_size=20),
)
def test_round_trip(
    calibrator: object, threshold: float, output: tuple[str, tuple[str, ...]], name: str
) -> None:
    card = Card.model_validate(
        {
            "name": name,
            "sha256": SHA,
            "input": {"height": 64, "width": 48},
            "output": {"activation": output[0], "classes": output[1]},
            "threshold": {"value": threshold, "chosen": "by hand"},
            "calibrator": calibrator,
        }
    )
    assert Card.model_validate_json(card.model_dump_json()) == card


def test_round_trip_through_a_file(tmp_path: Path) -> None:
    write_card(CARD, tmp_path / "m.json")
    assert read_card(tmp_path / "m.json") == CARD


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"input": {"height": 0, "width": 48}}, "input.height"),
        ({"output": {"classes": ["Real", "Real"]}}, "output"),
        ({"threshold": {"value": 1.5}}, "threshold.value"),
        ({"calibrator": {"kind": "pickle"}}, "calibrator"),
        ({"sha256": "123"}, "sha256"),
        ({"no_such_field": 1}, "no_such_field"),
    ],
)
def test_an_invalid_card_is_refused_with_the_fields_name(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    content = {"name": "m", "sha256": SHA, "input": {"height": 64, "width": 48}, **change}
    path = tmp_path / "m.json"
    path.write_text(json.dumps(content))
    with pytest.raises(CardError, match=rf"m\.json: {field}"):
        read_card(path)


@pytest.mark.parametrize(
    ("card", "field"),
    [
        (CARD.model_copy(update={"sha256": "b" * 64}), "sha256"),
        (CARD.model_copy(update={"input": InputSpec(height=65, width=48)}), "input.height"),
        (CARD.model_copy(update={"input": InputSpec(height=64, width=49)}), "input.width"),
        (CARD.model_copy(update={"parameters": 1}), "parameters"),
        (
            CARD.model_copy(
                update={"output": OutputSpec(activation="softmax", classes=("Real", "Fake"))}
            ),
            "output.classes",
        ),
    ],
)
def test_a_contradiction_between_card_and_file_names_the_field(card: Card, field: str) -> None:
    assert not contradictions(CARD, FACTS, SHA)
    assert any(text.startswith(f"{field} says") for text in contradictions(card, FACTS, SHA))


def test_without_a_card_the_assumptions_are_listed() -> None:
    card, assumptions = assumed_card("m", SHA, FACTS)
    assert list(card.input.value_range) == [0, 255]
    assert [assumption.code for assumption in assumptions] == [
        "input_scaled",
        "class_order",
        "stretched",
        "class_folders",
    ]
    assert assumptions[0].values == {"low": 0, "high": 255}
    assert assumptions[1].message == "output 1 means Fake"
    assert assumptions[1].values == {"class": "Fake"}
    raw = FACTS.model_copy(update={"rescales": False})
    assert list(assumed_card("m", SHA, raw)[0].input.value_range) == [0, 1]
    with pytest.raises(CardError, match="3 outputs"):
        assumed_card("m", SHA, FACTS.model_copy(update={"units": 3, "activation": "softmax"}))


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({"rescales": False}, {"input_unscaled", "class_order", "class_folders"}),
        ({"classes": ("Fake", "Real")}, {"input_scaled", "class_order_published"}),
        (
            {"activation": "linear"},
            {"input_scaled", "class_order", "class_folders", "logit_output"},
        ),
        ({"units": 2}, {"input_scaled", "class_order", "class_folders", "sigmoid_pair"}),
    ],
)
def test_the_assumptions_follow_from_the_file(facts: dict[str, object], codes: set[str]) -> None:
    _, assumptions = assumed_card("m", SHA, FACTS.model_copy(update=facts))
    assert {assumption.code for assumption in assumptions} == codes | {"stretched"}


def test_the_default_model_is_the_newest_with_a_card(tmp_path: Path) -> None:
    assert newest_model(tmp_path) is None
    for name in ("v2", "v9", "v10", "v11"):
        (tmp_path / f"{name}.keras").touch()
        if name != "v11":
            write_card(CARD, tmp_path / f"{name}.json")
    (tmp_path / "v12.json").write_text("{}")
    assert newest_model(tmp_path) == "v10"


def test_the_published_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text()) == Card.model_json_schema()


@pytest.mark.parametrize(
    "module", ["card", "imaging", "inference.verdict", "evaluation.records", "inference.detector"]
)
def test_importing_needs_no_tensorflow(module: str) -> None:
    code = f"import sys, detection_model.{module}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
