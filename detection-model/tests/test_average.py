"""`detection-model model average`: several networks' weights as one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from detection_model.card import Card, InputSpec, file_sha256, read_card, write_card

Invoke = Callable[..., Result]


def test_the_mean_of_two_networks_has_the_mean_of_their_weights(
    bright_models: Path, invoke: Invoke
) -> None:
    import keras

    result = invoke("average", "both", "red=3", "green=1", "--models", bright_models)
    assert result.exit_code == 0, result.output
    mean = keras.saving.load_model(bright_models / "both.keras").get_weights()
    # Each model reads one channel, with a slope of 0.2.
    assert np.ravel(mean[0]).tolist() == pytest.approx([0.15, 0.05, 0])
    assert mean[1] == pytest.approx(-0.2 * 127.5)
    card = read_card(bright_models / "both.json")
    assert (card.name, card.sha256) == ("both", file_sha256(bright_models / "both.keras"))
    assert card.summary.endswith("Its weights are the mean of 0.75 of red, 0.25 of green.")
    assert invoke("average", "both", "red=1", "blue=1", "--models", bright_models).exit_code == 2


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (("red=1",), "two or more models"),
        (("red=1", "green=0"), "a weight above 0"),
        (("red=1", "green"), "green has no value"),
        (("red=1", "green=much"), "green: could not convert"),
        (("red=1", "nobody=1"), "no model nobody"),
        (("red=1", "wide=1"), "differ in input or output"),
        (("red=1", "deep=1"), "different shapes"),
    ],
)
def test_models_that_cannot_be_averaged_are_refused(
    bright_models: Path, invoke: Invoke, members: tuple[str, ...], message: str
) -> None:
    import keras
    from keras import layers

    shutil.copy(bright_models / "red.keras", bright_models / "wide.keras")
    deep = [keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    keras.Sequential(deep).save(bright_models / "deep.keras")
    for name, side in (("wide", 48), ("deep", 32)):
        path = bright_models / f"{name}.keras"
        spec = InputSpec(height=side, width=side)
        write_card(Card(name=name, sha256=file_sha256(path), input=spec), path.with_suffix(".json"))
    result = invoke("average", "both", *members, "--models", bright_models)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (bright_models / "both.keras").exists()
