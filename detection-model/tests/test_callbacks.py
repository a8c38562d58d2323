"""Training callbacks: warm-up, dropout seeds, and patience across a resume."""

from typing import Any

import numpy as np
import pytest

from detection_model.training.callbacks import EpochSeeds, ResumedCallback, Warmup, seed_states


def test_warmup_raises_the_rate_only_in_the_first_batches_of_a_stage() -> None:
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 0.4
    rates: list[float] = []
    recorder = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda _batch, **_logs: rates.append(
            float(model.optimizer.learning_rate)
        )
    )
    data = np.ones((4, 1)), np.ones((4, 1))
    options = {"batch_size": 1, "initial_epoch": 5, "epochs": 7, "verbose": 0}
    model.fit(*data, callbacks=[Warmup(2, first=5), recorder], **options)
    assert rates == pytest.approx([0.2, 0.4, 0.4, 0.4] + [0.4] * 4)
    rates.clear()
    # A stage resumed after its first epoch, and a stage shorter than the warm-up.
    model.fit(*data, callbacks=[Warmup(2, first=4), recorder], **options)
    model.fit(*data, callbacks=[Warmup(8, first=5), recorder], **options)
    assert rates == pytest.approx([0.4] * 8 + [0.05, 0.1, 0.15, 0.2] + [0.4] * 4)


def test_dropout_noise_depends_on_seed_and_epoch() -> None:
    import keras
    from keras import layers

    def noise(seed: int, epoch: int) -> Any:
        nested = keras.Sequential([keras.Input((50,)), layers.Dropout(0.5)])
        model = keras.Sequential([keras.Input((50,)), layers.Dropout(0.5), nested])
        assert len(seed_states(model)) == 2
        callback = EpochSeeds(seed)
        callback.set_model(model)
        model(np.ones((3, 50)), training=True)
        callback.on_epoch_begin(epoch)
        return np.asarray(model(np.ones((3, 50)), training=True))

    assert np.array_equal(noise(0, 5), noise(0, 5))
    assert not np.array_equal(noise(0, 5), noise(0, 6))
    assert not np.array_equal(noise(0, 5), noise(1, 5))


def test_patience_survives_a_resume() -> None:
    import keras

    losses = [3.0, 2.0, 2.5, 2.5, 2.5, 1.0]

    def rates(resumed_after: int) -> list[float]:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.8 if resumed_after == 0 else 0.1), "mse")
        past = {"val_loss": losses[:resumed_after]}
        plateau = keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5)
        callback = ResumedCallback(plateau, 0, past, 0.8)
        callback.set_model(model)
        callback.on_train_begin()
        result = []
        for epoch, loss in enumerate(losses[resumed_after:], start=resumed_after):
            callback.on_epoch_end(epoch, {"val_loss": loss})
            result.append(round(float(model.optimizer.learning_rate), 6))
        return result

    whole = rates(0)
    assert whole == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4]
    assert [rates(after) for after in range(1, 6)] == [whole[after:] for after in range(1, 6)]
