"""One training from start or checkpoint to a published model."""

from dataclasses import dataclass
from pathlib import Path

from detection_model.training.config import TrainConfig
from detection_model.training.loading import load_data
from detection_model.training.reporting import Interrupted as Interrupted
from detection_model.training.reporting import Reporter as Reporter
from detection_model.training.reporting import TrainingError as TrainingError


@dataclass(frozen=True)
class Places:
    """Where things are read and written."""

    models: Path
    logs: Path


def train(config: TrainConfig, places: Places, report: Reporter, *, force: bool = False) -> Path:
    """Train, publish `<models>/<name>.keras` with its card, and return its path.

    An unfinished run of the same configuration and data is resumed.

    Raises:
        TrainingError: the name is published already and `force` is not given.
        DataError: the data set is unusable.
        WeightsError: the weights to begin with are not here.
        Interrupted: on Ctrl-C.
    """
    from detection_model.training.fitting import fit
    from detection_model.training.publishing import publish

    published = places.models / f"{config.name}.keras"
    if published.exists() and not force:
        raise TrainingError(
            f"{published.name} is published already: use another --name, or --force to replace it"
        )
    data = load_data(config, report)
    return publish(fit(config, data, places.logs, report), data, published)
