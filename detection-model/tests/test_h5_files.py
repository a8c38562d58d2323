"""Files in Keras's older format, .h5."""

from pathlib import Path

import numpy as np
import pytest

from detection_model import architectures
from detection_model.inference.detector import ModelError, load_model


def save(path: Path, *, lambda_: bool = False) -> Path:
    import keras
    from keras import layers

    extra = [layers.Lambda(lambda x: x)] if lambda_ else []
    stack = [layers.Rescaling(1 / 255), *extra, layers.GlobalAveragePooling2D()]
    model = keras.Sequential(
        [keras.Input((20, 30, 3)), *stack, layers.Dense(1, activation="sigmoid")]
    )
    model.save(path)
    return path


def test_an_h5_file_gives_the_outputs_of_the_keras_format(tmp_path: Path) -> None:
    import keras

    older = save(tmp_path / "m.h5")
    newer = tmp_path / "m.keras"
    keras.saving.load_model(older).save(newer)
    pictures = np.random.default_rng(0).random((4, 20, 30, 3), np.float32) * 255
    logits = [load_model(path).logits.predict(pictures, verbose=0) for path in (older, newer)]
    np.testing.assert_allclose(logits[0], logits[1], atol=1e-6)
    assert load_model(older).facts == load_model(newer).facts


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Lambda"):
        load_model(save(tmp_path / "m.h5", lambda_=True))


def test_files_that_are_not_models_are_refused_without_naming_a_path(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.h5"
    rubbish.write_bytes(b"x" * 100)
    half = tmp_path / "half.h5"
    half.write_bytes(save(tmp_path / "m.h5").read_bytes()[:3000])
    weights = tmp_path / "only.weights.h5"
    model = load_model(tmp_path / "m.h5").logits
    model.save_weights(weights)
    for path in (rubbish, half, weights):
        with pytest.raises(ModelError) as error:
            load_model(path)
        assert path.name in str(error.value)
        assert str(tmp_path) not in str(error.value)


def without_architecture(path: Path, model: object, *, corrupt: bool) -> Path:
    """An older file whose architecture cannot be restored, or that holds weights alone."""
    import h5py

    model.save(path)  # type: ignore[attr-defined]
    with h5py.File(path, "a") as file:
        if corrupt:
            config = file.attrs["model_config"].replace("Conv2D", "TheirConv2D")
            file.attrs["model_config"] = config
        else:
            del file.attrs["model_config"]
    return path


@pytest.mark.parametrize("corrupt", [True, False])
def test_weights_without_architecture_are_loaded_into_the_network_of_the_zoo(
    tmp_path: Path, corrupt: bool
) -> None:
    model = architectures.RECIPES["v1"].build()
    path = without_architecture(tmp_path / "old.h5", model, corrupt=corrupt)
    pictures = np.random.default_rng(0).random((2, 256, 256, 3), np.float32) * 255
    loaded = load_model(path)
    assert loaded.facts.activation == "sigmoid"
    result = 1 / (1 + np.exp(-loaded.logits.predict(pictures, verbose=0)))
    np.testing.assert_allclose(result, model.predict(pictures, verbose=0), atol=1e-6)


@pytest.mark.slow
def test_the_file_name_selects_the_network(tmp_path: Path) -> None:
    model = architectures.RECIPES["mobilenetv2"].build(weights="none", head="mlp")
    named = without_architecture(tmp_path / "mobilenetv2-old.h5", model, corrupt=False)
    assert load_model(named).facts.parameters == model.count_params()
    with pytest.raises(ModelError, match=r"old\.h5 holds weights without a network"):
        load_model(named.rename(tmp_path / "old.h5"))
