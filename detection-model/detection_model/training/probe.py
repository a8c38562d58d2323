"""Fits the last layer of a network to its backbone as it is: logistic regression.

A backbone that has seen no face tells generators that it has never met from photographs better
than one that was fine-tuned for long (Ojha et al., "Towards universal fake image detectors that
generalize across generative models", CVPR 2023). Fine-tuning begins with it, and its weights may
be averaged with what comes out.
"""

from typing import Any

import numpy as np

from detection_model.training import network
from detection_model.training.config import ProbeSettings, TrainConfig
from detection_model.training.loading import TrainingData
from detection_model.training.run import Reporter, TrainingError
from detection_model.training.sampler import CropSampler

# No epoch has it, so that the first one draws other pictures.
_EPOCH = 2**31

# A channel that hardly ever varies must not shout when it does.
_LEAST_DEVIATION = 1e-3


def fit_probe(
    model: Any, config: TrainConfig, settings: ProbeSettings, data: TrainingData, report: Reporter
) -> None:
    """Set the standardisation and the last layer of a network with a `statistics` head.

    The pictures are drawn, forged and altered as for an epoch of `settings.pictures`.

    Raises:
        TrainingError: the network has another head, or the data are whole pictures.
    """
    import keras
    from sklearn.linear_model import LogisticRegression

    from detection_model.architectures.statistics import SPREAD, STANDARD, STATISTICS

    names = {layer.name for layer in model.layers}
    if STATISTICS not in names or not isinstance(data.train, CropSampler):
        raise TrainingError("a probe needs portraits and a network with statistics, as v5 has")
    report.say(f"fitting a probe to {settings.pictures} pictures")
    drawn = network.batches(config, data, _EPOCH, settings.pictures)
    backbone = keras.Model(model.inputs, model.get_layer(STATISTICS).output)
    parts = [(backbone.predict_on_batch(x), y) for x, y in (drawn[at] for at in range(len(drawn)))]
    numbers = np.concatenate([x for x, _ in parts])
    fakes = np.concatenate([y for _, y in parts])[:, 0] > 0.5
    mean, deviation = numbers.mean(axis=0), np.maximum(numbers.std(axis=0), _LEAST_DEVIATION)
    probe = LogisticRegression(C=settings.penalty, max_iter=2000)
    probe.fit((numbers - mean) / deviation, fakes)
    standard, last = model.get_layer(STANDARD), model.layers[-1]
    standard.set_weights([mean, (deviation / SPREAD) ** 2 - standard.epsilon])
    last.set_weights([probe.coef_.T / SPREAD, probe.intercept_])
