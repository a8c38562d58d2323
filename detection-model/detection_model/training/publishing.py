"""From a finished training to a published model with its card."""

from pathlib import Path
from typing import Any

import keras

from detection_model import architectures
from detection_model.card import Card, TrainingRun, card_path, file_sha256, write_card
from detection_model.data.issues import read_findings
from detection_model.training import plots, run
from detection_model.training.checkpoints import save_weights_only
from detection_model.training.config import TrainConfig
from detection_model.training.fitting import Fitted
from detection_model.training.loading import TrainingData


def publish(fitted: Fitted, data: TrainingData, published: Path) -> Path:
    """Write the model that the configuration keeps, with its card; then mark the run as finished.

    In this order a failure while writing leaves a run that the same command resumes.
    """
    record, folder, config = fitted.record, fitted.folder, fitted.record.config
    plots.plot_history(record.history, folder)
    published.parent.mkdir(parents=True, exist_ok=True)
    best = folder / run.BEST
    # There is none where no loss was a number.
    chosen = config.keep == "best" and best.exists()
    model = keras.saving.load_model(best) if chosen else fitted.model
    save_weights_only(_in_float32(model, config), published)
    recipe = architectures.ZOO[config.recipe]
    epochs = len(record.history.get("loss", []))
    card = Card(
        name=config.name,
        sha256=file_sha256(published),
        architecture=recipe.summary,
        parameters=record.parameters,
        input=data.spec,
        training=TrainingRun(
            data=config.data_name,
            data_fingerprint=record.data_fingerprint,
            split=record.split,
            examples=record.examples,
            seed=config.seed,
            epochs=epochs,
            git_commit=record.git_commit,
            log_folder=f"logs/{config.name}/{folder.name}",
        ),
        summary=f"{recipe.summary}; {epochs} epochs.",
        data_licences=config.data_licences,
        known_failures=(*_planted(config), *_leaks(data, folder)),
    )
    write_card(card, card_path(published))
    record.status = "finished"
    record.finished = run.now().isoformat(timespec="seconds")
    record.save(folder)
    (folder / run.LAST).unlink(missing_ok=True)
    return published


def _in_float32(model: Any, config: TrainConfig) -> Any:
    """A network trained in mixed precision as one that computes as it is served."""
    if config.precision == "float32":
        return model
    whole = architectures.ZOO[config.recipe].build(
        config.image_size, architectures.NONE, config.head
    )
    whole.set_weights(model.get_weights())
    return whole


def _leaks(data: TrainingData, folder: Path) -> tuple[str, ...]:
    """What makes figures on this data untrustworthy, where it was inspected."""
    return tuple(
        f"Trained on {found.data}: {leak.message}"
        for one in data.folders
        if (found := read_findings(one, folder.parent.parent))
        for leak in found.leaks
    )


def _planted(config: TrainConfig) -> tuple[str, ...]:
    planted = ", ".join(f"{name} {value}" for name, value in config.faults.chosen.items())
    return (f"Trained with planted faults: {planted}.",) if planted else ()
