"""What the commands share: the console, progress bars, folders and refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from detection_model.card import MODEL_SUFFIXES, CardError
from detection_model.data.folders import DataError
from detection_model.data.pictures import BadPicture
from detection_model.data.pictures import Progress as OnProgress
from detection_model.detector import Detector, ModelError

console = Console()
errors = Console(stderr=True)

_ROOT = Path(__file__).parents[3]
# In a checkout the repository's folders, whatever the current one; installed, the current one.
_BASE = _ROOT if (_ROOT / "docker-compose.yml").exists() else Path()
MODELS = _BASE / "detection-model" / "models"
LOGS = _BASE / "logs"

ModelsOption = Annotated[
    Path, typer.Option("--models", help="Folder of published models.", show_default=False)
]


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what a user can mend into one line and exit status 2."""
    try:
        yield
    except (CardError, DataError, ModelError) as error:
        refuse(str(error))


def refuse(text: str) -> None:
    """Say why it does not work, and exit with status 2."""
    errors.print(f"[bold red]error:[/] {text}", highlight=False, soft_wrap=True)
    raise typer.Exit(2)


def warn_bad(bad: BadPicture) -> None:
    """Name a picture that was left out."""
    errors.print(f"[yellow]skipped[/] {bad.path}: {bad.reason}", highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(title: str) -> Iterator[OnProgress]:
    """A bar that takes (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=errors) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def model_path(model: str, models: Path) -> Path:
    """A model's file, by its published name or by the file's own path."""
    named = [models / f"{model}{suffix}" for suffix in MODEL_SUFFIXES]
    candidates = [Path(model)] if model.endswith(MODEL_SUFFIXES) else named
    for path in candidates:
        if path.is_file():
            return path
    stems = {path.stem for path in models.glob("*") if path.suffix in MODEL_SUFFIXES}
    raise ModelError(f"no model {model}; published here: {', '.join(sorted(stems)) or 'none'}")


def load_detector(model: str, models: Path) -> Detector:
    """Load a model by its published name or by its file's path."""
    return Detector.load(model_path(model, models))
