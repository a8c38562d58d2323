"""A training run: its folder `logs/<model>/<run>/` with run.json, reporter, errors and devices."""

import itertools
import math
import platform
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from detection_model.data.preprocessing import BadPicture, Progress
from detection_model.training.config import TrainConfig as TrainConfig
from detection_model.training.workers import ALONE, Workers

RECORD = "run.json"
LAST = "last.keras"
BEST = "best.keras"
PROBE = "probe.keras"


# JSON has no NaN; stored as null.
Logged = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]


class RunRecord(BaseModel):
    """run.json: enough to document a training and to resume it."""

    config: TrainConfig
    status: Literal["running", "interrupted", "finished"] = "running"
    started: str
    finished: str | None = None
    data_fingerprint: str
    split: str
    examples: dict[str, int]
    skipped: dict[str, str] = Field({}, description="pictures that could not be read, and why")
    parameters: int
    optimizer_variables: int
    data_warnings: tuple[str, ...] | None = Field(
        None,
        description="leaks that audits of the data found, and data sets that were not audited; "
        "null: none was audited",
    )
    best_epoch: int | None = Field(None, description="lowest validation loss, counted from 1")
    history: dict[str, list[Logged]] = {}
    versions: dict[str, str] = {}
    device: str = ""
    git_commit: str | None = None
    stages: list[str] = Field([], description="names of the stages, in order")

    def save(self, folder: Path) -> None:
        """Write run.json atomically."""
        temporary = folder / f"{RECORD}.tmp"
        temporary.write_text(self.model_dump_json(indent=2) + "\n")
        temporary.replace(folder / RECORD)


def new_folder(logs: Path, name: str) -> Path:
    """Create `logs/<name>/<time>/`; runs of the same second get `-2`, `-3` and so on."""
    time = now().strftime("%Y-%m-%dT%H-%M-%S")
    for number in itertools.count(1):
        folder = logs / name / (time if number == 1 else f"{time}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        break
    return folder


def resumable(logs: Path, config: TrainConfig, fingerprint: str) -> tuple[Path, RunRecord] | None:
    """The newest run of the same configuration and data that did not finish, if any."""
    for path in sorted((logs / config.name).glob(f"*/{RECORD}"), reverse=True):
        try:
            record = RunRecord.model_validate_json(path.read_bytes())
        except ValueError:
            continue  # written by another program
        same = record.config == config and record.data_fingerprint == fingerprint
        if same and record.status != "finished" and (path.parent / LAST).exists():
            return path.parent, record
    return None


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def package_versions(*also: str) -> dict[str, str]:
    """Versions of the packages that affect results, and of installed `also`."""
    names = ("detection-model", "keras", "tensorflow", "tensorflow-cpu", "numpy", "pillow")
    versions = {"python": platform.python_version()}
    for name in (*names, *also):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def git_commit() -> str | None:
    """Commit of the running code, with `-dirty` if modified; None outside a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--match="]
    try:
        done = subprocess.run(  # noqa: S603  fixed command
            command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


class TrainingError(ValueError):
    """A training that cannot start; the message says what to change."""


class Interrupted(Exception):  # noqa: N818  not an error: Ctrl-C
    """Training was stopped by Ctrl-C; the same command resumes from the last epoch's checkpoint."""

    def __init__(self, folder: Path, epochs_done: int) -> None:
        super().__init__(f"stopped after {epochs_done} epochs")
        self.folder = folder
        self.epochs_done = epochs_done


@dataclass
class Reporter:
    """Callbacks that report progress; each is optional."""

    say: Callable[[str], None] = lambda _text: None
    bad: Callable[[BadPicture], None] = lambda _bad: None
    decoding: Callable[[str], AbstractContextManager[Progress]] = lambda _split: nullcontext(
        lambda _done, _total: None
    )
    verbose: int = 0


@dataclass(frozen=True)
class Devices:
    """The devices of a training; models are created and loaded inside `scope`."""

    description: str
    count: int
    scope: Callable[[], AbstractContextManager[Any]]

    def check(self, batch_size: int) -> None:
        """Check that a batch divides evenly among the devices, as Keras requires.

        Raises:
            TrainingError: it does not.
        """
        over = batch_size % self.count
        if over:
            below, above = batch_size - over, batch_size - over + self.count
            raise TrainingError(
                f"a batch of {batch_size} cannot be shared by {self.description}: use "
                + (f"{below} or {above}" if below else f"{above}")
            )

    def first_batch(self, batch_size: int, examples: int) -> int:
        """A batch size that also works for fewer examples than one batch."""
        return min(batch_size, max(self.count, examples - examples % self.count))


def find_devices(workers: Workers = ALONE) -> Devices:
    """All GPUs, else the CPU. Several devices share each batch (MirroredStrategy).

    Apple's GPU needs the plug-in tensorflow-metal. Logical CPU devices count as several, for
    tests; they need TF_ENABLE_ONEDNN_OPTS=0, because oneDNN shares fused convolutions between
    replicas and fails on processors with AVX-512.

    Raises:
        TrainingError: one of several workers has more than one device.
    """
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    devices = gpus or tf.config.list_logical_devices("CPU")
    if workers.count > 1:
        # TensorFlow lists those of all workers.
        devices = [d for d in devices if f"/task:{workers.index}/" in d.name]
    physical = tf.config.list_physical_devices("GPU" if gpus else "CPU")
    details = [tf.config.experimental.get_device_details(d) if gpus else {} for d in physical]
    description = describe(
        len(devices), [str(d.get("device_name", "GPU")) for d in details if gpus]
    )
    if len(devices) == 1:
        total = f"{description} of {workers.count} workers" if workers.count > 1 else description
        return Devices(total, workers.count, nullcontext)
    if workers.count > 1:
        raise TrainingError(f"a worker has {description}: start as many workers as devices")
    strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    return Devices(description, len(devices), strategy.scope)


def describe(count: int, gpu_names: list[str]) -> str:
    """`2 GPUs (NVIDIA H100, NVIDIA H100)`, `CPU`, …; for Apple, with the plug-in's version."""
    if not gpu_names:
        return "CPU" if count == 1 else f"{count} CPU devices"
    metal = _metal()
    names = ", ".join(f"Apple, tensorflow-metal {metal}" if metal else name for name in gpu_names)
    return f"{'GPU' if count == 1 else f'{count} GPUs'} ({names})"


def _metal() -> str | None:
    try:
        return version("tensorflow-metal")
    except PackageNotFoundError:
        return None


def plot_history(history: dict[str, list[float]], folder: Path) -> None:
    """Write `loss.png` and `accuracy.png` with training and validation curves."""
    from matplotlib.figure import Figure

    for metric in ("loss", "accuracy"):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for name, label in ((metric, "training"), (f"val_{metric}", "validation")):
            values = history.get(name, [])
            axes.plot(range(1, len(values) + 1), values, marker=".", label=label)
        axes.set(xlabel="epoch", ylabel=metric, title=metric.capitalize())
        axes.grid(alpha=0.3)
        axes.legend()
        figure.savefig(folder / f"{metric}.png", dpi=100)
