"""v1, v2 and v3 are exactly the reference's networks."""

import pytest

from detection_model import architectures

# Weights, and Adam's own variables, which the reference prints as total parameters.
COUNTS = {
    "v1": (3_696_625, 7_393_252),
    "v2": (3_946_481, 7_892_964),
    "v3": (3_946_481, 7_892_964),
}
EPOCHS = {"v1": 20, "v2": 10, "v3": 20}


@pytest.mark.parametrize("name", list(COUNTS))
def test_parameter_counts(name: str) -> None:
    import keras

    model = architectures.RECIPES[name].build()
    weights, adam = COUNTS[name]
    assert model.count_params() == weights
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    # Its own variables, and the two counters that it prints with them.
    assert sum(int(variable.value.shape.num_elements()) for variable in optimizer.variables) == adam
    assert architectures.RECIPES[name].epochs == EPOCHS[name]
    assert architectures.RECIPES[name].batch_size == 32


@pytest.mark.parametrize("name", list(COUNTS))
def test_layers(name: str) -> None:
    model = architectures.RECIPES[name].build()
    assert model.input_shape == (None, 256, 256, 3)
    assert model.output_shape == (None, 1)
    kinds = [type(layer).__name__ for layer in model.layers]
    dropouts = [i for i, kind in enumerate(kinds) if kind == "Dropout"]
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [16, 32, 16]
    paddings = [layer.padding for layer in convolutions]
    if name == "v1":
        assert paddings == ["valid"] * 3
        assert dropouts == []
    else:
        assert paddings == ["same", "same", "valid"]
        assert [kinds[i - 1] for i in dropouts] == ["MaxPooling2D", "MaxPooling2D", "Dense"]
        assert all(model.layers[i].rate == 0.5 for i in dropouts)
    assert model.layers[0].scale == pytest.approx(1 / 255)
    assert model.layers[-1].activation.__name__ == "sigmoid"
