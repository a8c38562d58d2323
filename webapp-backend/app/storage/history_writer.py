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
        """Write all queued entries; returns whether that succeeded."""
        async with self._writing:
            batch = self._waiting[:]
            try:
                await to_thread.run_sync(self._store.add, batch)
            except StoreUnavailable as error:
                log.warning("history: %d entries wait for the database (%s)", len(batch), error)
                return False
            del self._waiting[: len(batch)]
        if self._lost:
            log.error("history: %d entries were lost while the database was down", self._lost)
            self._lost = 0
        return True
