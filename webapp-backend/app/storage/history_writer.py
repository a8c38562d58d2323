"""Writes the history in the background, so that database failures never block predictions."""

import asyncio
import logging

from anyio import to_thread

from app.storage.database import StoreUnavailable
from app.storage.history import HistoryStore, NewEntry

log = logging.getLogger(__name__)

_WAITING = 1000
_RETRY_SECONDS = 1.0


class HistoryWriter:
    """A bounded queue of entries, and the task that writes them in batches."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self._waiting: list[NewEntry] = []
        self._arrived = asyncio.Event()
        self._writing = asyncio.Lock()
        self._lost = 0

    def record(self, entry: NewEntry) -> None:
        """Queue an entry; never waits and never fails."""
        if len(self._waiting) < _WAITING:
            self._waiting.append(entry)
            self._arrived.set()
        else:
            self._lost += 1

    async def run(self) -> None:
        """Write queued entries until cancelled; failed writes are retried."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if not await self.flush():
                await asyncio.sleep(_RETRY_SECONDS)
                self._arrived.set()

    async def flush(self) -> bool:
        """Write all queued entries; returns whether the database took them."""
        async with self._writing:
            try:
                await self._write(len(self._waiting))
            except StoreUnavailable as error:
                waiting = len(self._waiting)
                log.warning("history: %d entries wait for the database (%s)", waiting, error)
                return False
        if self._lost:
            log.error("history: %d entries were lost", self._lost)
            self._lost = 0
        return True

    async def _write(self, count: int) -> None:
        """Write the oldest entries together; if that fails, write each alone and drop the bad ones.

        Raises:
            StoreUnavailable: those that are not written still wait.
        """
        try:
            await to_thread.run_sync(self._store.add, self._waiting[:count])
        except StoreUnavailable:
            raise
        except Exception:
            if count > 1:
                for _ in range(count):
                    await self._write(1)
                return
            log.exception("history: an entry cannot be written")
            self._lost += 1
        del self._waiting[:count]
