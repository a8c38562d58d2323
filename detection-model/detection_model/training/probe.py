"""Fits a linear probe: the last layer of a network, by logistic regression on its frozen backbone.

A backbone without fine-tuning generalises better to unknown generators than one after long
fine-tuning (Ojha et al., "Towards universal fake image detectors that generalize across generative
models", CVPR 2023). Fine-tuning starts from the probe, and their weights may be averaged.
"""

from typing import Any

import numpy as np

from detection_model.training import network
from detection_model.training.config import ProbeSettings, TrainConfig
from detection_model.training.loading import TrainingData
from detection_model.training.run import Reporter, TrainingError
from detection_model.training.sampler import CropSampler

# Higher than any training epoch, so that the probe's sample is another one.
_EPOCH = 2**31

# Limits the standardised values of nearly constant channels.
_LEAST_DEVIATION = 1e-3


def fit_probe(
    model: Any, config: TrainConfig, settings: ProbeSettings, data: TrainingData, report: Reporter
) -> None:
    """Set the standardisation and the last layer of a network with a `statistics` head.

    The pictures are sampled and augmented like an epoch of `settings.pictures`.

    Raises:
        TrainingError: the network has another head, or the data are whole pictures.
    """
    import keras
    from sklearn.linear_model import LogisticRegression

    from detection_model.architectures.statistics import SPREAD, STANDARD, STATISTICS

    names = {layer.name for layer in model.layers}
    if STATISTICS not in names or not isinstance(data.train, CropSampler):
        raise TrainingError("a probe needs `portraits` and a `statistics` head, as in v5")
    report.say(f"fitting a probe to {settings.pictures} pictures")
    batches = network.batches(config, data, _EPOCH, settings.pictures)
    backbone = keras.Model(model.inputs, model.get_layer(STATISTICS).output)
    parts = [
        (backbone.predict_on_batch(x), y)
        for x, y in (batches[index] for index in range(len(batches)))
    ]
    numbers = np.concatenate([x for x, _ in parts])
    fakes = np.concatenate([y for _, y in parts])[:, 0] > 0.5
    mean, deviation = numbers.mean(axis=0), np.maximum(numbers.std(axis=0), _LEAST_DEVIATION)
    probe = LogisticRegression(C=settings.penalty, max_iter=2000)
    probe.fit((numbers - mean) / deviation, fakes)
    standard, last = model.get_layer(STANDARD), model.layers[-1]
    standard.set_weights([mean, (deviation / SPREAD) ** 2 - standard.epsilon])
    last.set_weights([probe.coef_.T / SPREAD, probe.intercept_])
