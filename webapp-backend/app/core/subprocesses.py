"""Supervises child processes: starts them, and restarts those that end."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Mapping

from app.core.parent import SUPERVISED
from app.core.settings import Settings

log = logging.getLogger(__name__)

_RESTART_SECONDS = (1, 2, 5, 10)
_STOP_SECONDS = 5


def worker_command() -> list[str]:
    """Command of the worker role."""
    return [sys.executable, "-m", "app.worker"]


def tensorboard_command(settings: Settings, port: int) -> list[str]:
    """Command of TensorBoard on the logs folder, under the path of the page."""
    return [
        *(sys.executable, "-m", "app.tensorboard", "--logdir", str(settings.logs_dir)),
        *("--host", "127.0.0.1", "--port", str(port), "--path_prefix", "/tensorboard"),
        *("--reload_interval", "5"),
    ]


def free_port() -> int:
    """An unused port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def supervised(
    name: str,
    command: list[str],
    environment: Mapping[str, str],
    *,
    after: asyncio.Event,
    silent: bool = False,
) -> AsyncIterator[None]:
    """Run a command from an event on while the block runs; restart it if it ends.

    The child's standard input is open while this process lives: see `app.core.parent`.
    """
    task = asyncio.create_task(_keep(name, command, environment, after, silent))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep(
    name: str,
    command: list[str],
    environment: Mapping[str, str],
    after: asyncio.Event,
    silent: bool,
) -> None:
    await after.wait()
    output = asyncio.subprocess.DEVNULL if silent else None
    for attempt in range(sys.maxsize):
        # A group of its own: Ctrl-C goes to the service, which stops its children in order.
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**environment, SUPERVISED: "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            status = await process.wait()
        finally:
            await _stop(process)
        pause = _RESTART_SECONDS[min(attempt, len(_RESTART_SECONDS) - 1)]
        log.warning("%s ended with status %s; restarting it in %s s", name, status, pause)
        await asyncio.sleep(pause)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
