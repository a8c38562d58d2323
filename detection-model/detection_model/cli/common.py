"""Shared by all commands: console, progress bars, folders, error messages."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from detection_model import architectures, imaging
from detection_model.architectures import WeightsError
from detection_model.card import (
    EVAL_CONFIG,
    MODEL_SUFFIXES,
    Card,
    CardError,
    card_path,
    model_files,
    natural_order,
    newest_model,
    read_card,
)
from detection_model.data.folders import DataError
from detection_model.data.picture_files import printable
from detection_model.data.preprocessing import BadPicture
from detection_model.data.preprocessing import Progress as OnProgress
from detection_model.inference.detector import Detector, Ensemble, ModelError
from detection_model.inference.probability import published_threshold
from detection_model.training.config import ConfigError
from detection_model.training.run import Interrupted, Reporter, TrainingError

T = TypeVar("T")

console = Console()
errors = Console(stderr=True)

_ROOT = Path(__file__).parents[3]
# The repository's folders in a checkout, else the current folder.
_BASE = _ROOT if (_ROOT / "docker-compose.yml").exists() else Path()
MODELS = _BASE / "detection-model" / "models"
LOGS = _BASE / "logs"

ModelsOption = Annotated[
    Path,
    typer.Option(
        "--models", help="Folder of published models.", file_okay=False, show_default=False
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        help="Published name, or path of a model file; default: the newest published model."
    ),
]
LogsOption = Annotated[
    Path,
    typer.Option("--logs", help="Folder of training logs.", file_okay=False, show_default=False),
]

_USER_ERRORS = (CardError, ConfigError, DataError, ModelError, TrainingError, WeightsError)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Report errors that a user can fix in one line, with exit status 2."""
    try:
        yield
    except _USER_ERRORS as error:
        fail(str(error))


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """After Ctrl-C, print what is saved and how to continue, and exit with status 130."""
    try:
        yield
    except Interrupted as stopped:
        text = (
            f"Stopped after {stopped.epochs_done} epochs. "
            f"Checkpoints are in {stopped.folder}; the same command resumes there."
            if stopped.epochs_done
            else "Stopped in the first epoch. Nothing is saved yet: the same command starts again."
        )
        errors.print(f"\n{text}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(130) from None


def say(text: str) -> None:
    """Print a line as it is: a path in it may look like Rich's markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def warn(text: str, label: str = "[bold red]WARNING:[/]") -> None:
    """Print a line on stderr behind a label, which alone may have markup."""
    errors.print(f"{label} {escape(text)}", highlight=False, soft_wrap=True)


def fail(text: str) -> NoReturn:
    """Print an error and exit with status 2."""
    warn(text, "[bold red]error:[/]")
    raise typer.Exit(2)


def read_picture(path: Path) -> tuple[bytes, imaging.Picture]:
    """The bytes of a file and the decoded picture; exits with an error if it is not a picture."""
    try:
        # One byte above the limit is enough to see that a file is too large.
        with path.open("rb") as file:
            data = file.read(imaging.Limits.max_bytes + 1)
        return data, imaging.decode(data)
    except imaging.ImageError as error:
        fail(f"{path}: {error.message}")
    except OSError as error:
        fail(f"{path}: {error.strerror or 'cannot be read'}")


def warn_bad(bad: BadPicture) -> None:
    """Report a skipped picture."""
    warn(f"{printable(str(bad.path))}: {bad.reason}", "[yellow]skipped[/]")


def report_bad(bad: Sequence[BadPicture]) -> None:
    """Report skipped pictures and how many they are."""
    for picture in bad:
        warn_bad(picture)
    if bad:
        errors.print(f"unreadable pictures: {len(bad)}", highlight=False)


@contextmanager
def progress_bar(title: str) -> Iterator[OnProgress]:
    """A progress bar, as a callback with (done, total)."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=errors) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def reporter() -> Reporter:
    """Reports a training's progress on the console."""
    return Reporter(
        say=lambda text: errors.print(text, markup=False, highlight=False, soft_wrap=True),
        bad=warn_bad,
        decoding=lambda split: progress_bar(f"reading {split}"),
        verbose=1 if console.is_terminal else 2,
    )


def show_study(folder: Path) -> None:
    """Print the table of a study and the folder of its files."""
    from detection_model.training.study import NOTES

    say((folder / NOTES).read_text())
    say(f"Written to {folder}")


def name_value_pairs(options: list[str] | None) -> dict[str, str]:
    """Parse repeated NAME=VALUE options.

    Raises:
        ConfigError: an option has no value.
    """
    parts = [text.partition("=") for text in options or ()]
    if bare := [name for name, equals, value in parts if not (equals and value)]:
        raise ConfigError(f"{bare[0]} has no value: write {bare[0]}=VALUE")
    return {name: value for name, _, value in parts}


def known_recipe(name: str) -> str:
    """The name of a recipe.

    Raises:
        ConfigError: there is no such recipe.
    """
    if name not in architectures.RECIPES:
        raise ConfigError(f"no recipe {name}; choose from {', '.join(architectures.RECIPES)}")
    return name


def comma_separated(text: str, kind: Callable[[str], T], option: str) -> list[T]:
    """Parse comma-separated values.

    Raises:
        ConfigError: a value cannot be parsed.
    """
    try:
        return [kind(part.strip()) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from None


def model_or_newest(model: str | None, models: Path) -> str:
    """The named model; default: the newest published one, as in the service.

    Raises:
        ModelError: no model is named and none is published.
    """
    name = model or newest_model(models)
    if name is None:
        raise ModelError(f"{models} has no model with a card: name one with --model")
    return name


def model_path(model: str, models: Path) -> Path:
    """Path of a model file, from a published name or a path."""
    published = model_files(models)
    is_path = model.lower().endswith(MODEL_SUFFIXES)
    path = Path(model) if is_path else published.get(model)
    if path is not None and path.is_file():
        return path
    raise ModelError(f"no model {model}; published here: {', '.join(sorted(published)) or 'none'}")


def load_detector(model: str, models: Path) -> Detector | Ensemble:
    """Load a model or an ensemble by its published name or its path."""
    ensemble = ensemble_path(model, models)
    return Ensemble.load(ensemble) if ensemble else Detector.load(model_path(model, models))


def card_and_threshold(model: str, models: Path) -> tuple[Path, Card, float]:
    """A model's path (for an ensemble, its card's), card and threshold; loads no model."""
    path = ensemble_path(model, models) or model_path(model, models)
    card = read_card(card_path(path))
    return path, card, published_threshold(path, card)


def published_names(models: Path) -> list[str]:
    """Names of the models and ensembles in a folder; v2 before v10.

    Raises:
        CardError: a card is invalid.
    """
    cards = [path.stem for path in models.glob("[!.]*.json") if not path.match(f"*{EVAL_CONFIG}")]
    ensembles = [name for name in cards if ensemble_path(name, models)]
    return sorted([*model_files(models), *ensembles], key=natural_order)


def ensemble_path(model: str, models: Path) -> Path | None:
    """Path of an ensemble's card, by name or path; None if a model file has that name."""
    path = Path(model) if model.endswith(".json") else models / f"{model}.json"
    if not path.is_file() or path.stem in model_files(path.parent):
        return None
    return path if read_card(path).kind == "ensemble" else None
