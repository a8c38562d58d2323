"""One network from several that were fine-tuned from the same start.

Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy
without increasing inference time" (ICML 2022).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from detection_model.training.reporting import TrainingError


def averaged(networks: Sequence[Any], shares: Sequence[float]) -> Any:
    """A network like the first, whose every weight is the mean of theirs, weighed by `shares`.

    That it judges as well as they do is no matter of course: they must lie in one basin, as those
    do that began with the same pretrained weights. Evaluate it.

    Raises:
        TrainingError: they are built differently.
    """
    shapes = {tuple(weight.shape for weight in network.get_weights()) for network in networks}
    if len(shapes) > 1:
        raise TrainingError("these networks are built differently: their weights have no mean")
    first = networks[0]
    mean = type(first).from_config(first.get_config())
    columns = zip(*(network.get_weights() for network in networks), strict=True)
    mean.set_weights([np.average(column, axis=0, weights=shares) for column in columns])
    return mean
