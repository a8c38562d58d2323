"""Devices of a training."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from detection_model.training.run import TrainingError


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


def find_devices() -> Devices:
    """All GPUs, else the CPU. Several devices share each batch (MirroredStrategy).

    Apple's GPU needs the plug-in tensorflow-metal. Logical CPU devices count as several, for
    tests; they need TF_ENABLE_ONEDNN_OPTS=0, because oneDNN shares fused convolutions between
    replicas and fails on processors with AVX-512.
    """
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    used = gpus or tf.config.list_logical_devices("CPU")
    physical = tf.config.list_physical_devices("GPU" if gpus else "CPU")
    details = [tf.config.experimental.get_device_details(d) if gpus else {} for d in physical]
    description = describe(len(used), [str(d.get("device_name", "GPU")) for d in details if gpus])
    if len(used) == 1:
        return Devices(description, 1, nullcontext)
    strategy = tf.distribute.MirroredStrategy([device.name for device in used])
    return Devices(description, len(used), strategy.scope)


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
