"""Hyper-parameter search over optimizers, batch sizes and learning rates with Optuna.

Trials are shown in TensorBoard's HParams.

Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework" (2019).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import Trial, TrialState

from detection_model.training import run
from detection_model.training.config import TrainConfig
from detection_model.training.loading import TrainingData, load_data
from detection_model.training.run import Reporter
from detection_model.training.train import TrainedModel, fit

STORE = "sweep.db"


@dataclass(frozen=True)
class Space:
    """Search space; rates are sampled log-uniformly."""

    optimizers: Sequence[str]
    batch_sizes: Sequence[int]
    rates: tuple[float, float]


def sweep(
    base: TrainConfig, space: Space, *, trials: int, logs: Path, report: Reporter
) -> optuna.Study:
    """Run trials until `trials` are finished, minimising the validation loss.

    Trials are kept in `<logs>/<name>/sweep.db`, so the same call resumes the search; an interrupted
    trial resumes from its checkpoint.

    Raises:
        DataError: the data set is unusable.
        Interrupted: on Ctrl-C.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder = logs / base.name
    folder.mkdir(parents=True, exist_ok=True)
    data = load_data(base, report)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / STORE}",
        study_name=f"{base.name} {data.fingerprint[:12]}",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=base.seed),
    )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    done = len(study.get_trials(states=(TrialState.COMPLETE,)))

    def objective(trial: Trial) -> float:
        return _train_trial(trial, base, space, data, logs, report)

    study.optimize(objective, n_trials=max(0, trials - done))
    return study


def _train_trial(
    trial: Trial, base: TrainConfig, space: Space, data: TrainingData, logs: Path, report: Reporter
) -> float:
    low, high = space.rates
    params: dict[str, Any] = {
        "optimizer": trial.suggest_categorical("optimizer", list(space.optimizers)),
        "batch_size": trial.suggest_categorical("batch_size", list(space.batch_sizes)),
        "learning_rate": trial.suggest_float("learning_rate", low, high, log=True),
    }
    # Named by its parameters, so that an interrupted trial finds its run.
    words = f"{params['optimizer']}-{params['batch_size']}-{params['learning_rate']:.3g}"
    report.say(f"trial {trial.number}: {words}")
    config = base.model_copy(update={**params, "name": f"{base.name}/{words}"})
    fitted = fit(config, data, logs, report)
    _finish(fitted, params)
    losses = fitted.record.history["val_loss"]
    return min((loss for loss in losses if not math.isnan(loss)), default=math.inf)


def _finish(fitted: TrainedModel, params: dict[str, Any]) -> None:
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    with tf.summary.create_file_writer(str(fitted.folder)).as_default():
        api.hparams(params, trial_id=fitted.folder.as_posix())
    fitted.record.status = "finished"
    fitted.record.finished = run.now().isoformat(timespec="seconds")
    fitted.record.save(fitted.folder)
    (fitted.folder / run.LAST).unlink(missing_ok=True)
