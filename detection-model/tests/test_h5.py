"""Files in Keras's older format, .h5."""

from pathlib import Path

import numpy as np
import pytest

from detection_model.detector import ModelError, load_model


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


def test_it_gives_the_same_as_the_newer_format(tmp_path: Path) -> None:
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


def test_what_is_no_model_is_refused_without_a_path(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.h5"
    rubbish.write_bytes(b"x" * 100)
    half = tmp_path / "half.h5"
    half.write_bytes(save(tmp_path / "m.h5").read_bytes()[:3000])
    weights = tmp_path / "only.weights.h5"
    model = load_model(tmp_path / "m.h5").logits
    model.save_weights(weights)
    for path in (rubbish, half, weights):
        with pytest.raises(ModelError) as refused:
            load_model(path)
        assert path.name in str(refused.value)
        assert str(tmp_path) not in str(refused.value)
