"""The parts of a running service, built once and passed to the routes."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from app.core.errors import ConflictError, NotFoundError, ServiceError, UnavailableError
from app.core.metrics import Metrics
from app.core.settings import Settings
from app.inference.model_folder import by_preference
from app.inference.models import ServedModel, Slot
from app.inference.predictor import Predictor
from app.inference.registry import Registry
from app.storage.case_files import CaseFiles
from app.storage.database import Database
from app.storage.history import HistoryStore
from app.storage.history_writer import HistoryWriter
from app.storage.jobs import JobStore
from app.storage.overrides import OverrideStore
from detection_model.inference.probability import ThresholdInForce
from detection_model.training.logs import RunReader

log = logging.getLogger(__name__)

# Concurrent archive uploads: each is on disk twice while it arrives.
_ARCHIVES = 2
# The first refresh of the models waits this long for the overrides, so that no other model answers
# in place of the chosen one; a database that is down must not keep all models away.
_OVERRIDES_SECONDS = 2.0


@dataclass(frozen=True)
class Service:
    """Settings, models, predictor, training runs and store."""

    settings: Settings
    registry: Registry
    predictor: Predictor
    runs: RunReader
    overrides: OverrideStore
    history: HistoryStore
    recorder: HistoryWriter
    jobs: JobStore
    cases: CaseFiles
    archives: asyncio.Semaphore
    metrics: Metrics
    database: Database
    # Set once the first read of the overrides has ended.
    overrides_read: asyncio.Event = field(default_factory=asyncio.Event)
    # Set after the first refresh of the models. Child processes start then, so that the first
    # answer does not compete with their imports.
    first_refresh: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def build(cls, settings: Settings) -> "Service":
        """Build the parts; nothing runs yet."""
        database = Database(settings.store_url)
        history = HistoryStore(database)
        registry = Registry(
            settings.models_dir,
            settings.cache_dir,
            threads=settings.threads,
            memory=settings.models_memory,
        )
        metrics = Metrics()
        predictor = Predictor(
            settings.image_limits,
            metrics,
            threads=settings.threads,
            max_wait=settings.max_wait,
            deadline=settings.deadline,
            trust_list=settings.trust_anchors,
        )
        metrics.watch("models_ready", "Models that answer", lambda: len(registry.ready()))
        metrics.watch("models_in_memory", "Models loaded in memory", registry.engines.__len__)
        metrics.watch("queue_depth", "Pictures that wait or are being processed", predictor.depth)
        metrics.watch("waiting_seconds", "Expected wait of a new picture", predictor.expected_wait)
        return cls(
            settings=settings,
            registry=registry,
            predictor=predictor,
            runs=RunReader(settings.logs_dir),
            overrides=OverrideStore(database),
            history=history,
            recorder=HistoryWriter(history),
            jobs=JobStore(database),
            cases=CaseFiles(
                settings.cases_folder, most=settings.max_cases, most_bytes=settings.max_cases_bytes
            ),
            archives=asyncio.Semaphore(_ARCHIVES),
            metrics=metrics,
            database=database,
        )

    async def keep_overrides_fresh(self) -> None:
        """Read the overrides every `poll_seconds` until cancelled."""
        await self._repeat(self.overrides.refresh, self.overrides_read)

    async def keep_models_fresh(self) -> None:
        """Read the models folder every `poll_seconds` until cancelled."""
        with anyio.move_on_after(_OVERRIDES_SECONDS):
            await self.overrides_read.wait()
        await self._repeat(self.registry.refresh, self.first_refresh)

    async def _repeat(self, refresh: Callable[[], None], refreshed: asyncio.Event) -> None:
        while True:
            try:
                await to_thread.run_sync(refresh)
            except Exception:  # one failure must not end the loop
                log.exception("a refresh failed")
            refreshed.set()
            await anyio.sleep(self.settings.poll_seconds)

    def active(self) -> ServedModel | None:
        """The default model: the chosen one, else the newest with a card.

        None while it is converted after a start: no other model answers in its place.
        """
        slots = self.registry.slots
        candidates = [
            slot.file
            for slot in slots.values()
            if slot.state == "ready" or slot.name in self.registry.starting
        ]
        preferred = by_preference(candidates, self.overrides.current.active)
        return slots[preferred[0].name].served if preferred else None

    def slot(self, name: str) -> Slot:
        """The registry entry of a model.

        Raises:
            NotFoundError: no model has this name.
        """
        try:
            return self.registry.slots[name]
        except KeyError:
            names = ", ".join(self.registry.slots) or "none"
            raise NotFoundError(
                "unknown_model", f"No model {name[:100]}; there are: {names}."
            ) from None

    def model(self, name: str | None) -> ServedModel:
        """A model by name; the active model if `name` is None.

        Raises:
            NotFoundError: no model has this name.
            UnavailableError: it is not ready.
            ConflictError: it is broken.
        """
        if name is None:
            if (active := self.active()) is None:
                raise self._none_ready()
            return active
        return self.served(self.slot(name))

    def served(self, slot: Slot) -> ServedModel:
        """The model of a registry entry.

        Raises:
            UnavailableError: it is not ready.
            ConflictError: it is broken.
        """
        if slot.served is not None:
            return slot.served
        if slot.state == "broken":
            raise ConflictError("model_broken", f"{slot.name} cannot answer: {slot.problem}")
        raise UnavailableError("model_loading", f"{slot.name} is not ready: {slot.problem}", 2)

    def threshold(self, model: ServedModel, requested: float | None = None) -> ThresholdInForce:
        """The threshold in force and where it comes from."""
        override = self.overrides.current.thresholds.get(model.name)
        return model.threshold(request=requested, override=override)

    def _none_ready(self) -> ServiceError:
        if not self.registry.is_refreshed:
            return UnavailableError("model_loading", "The service is starting.", 2)
        if any(slot.state == "loading" for slot in self.registry.slots.values()):
            return UnavailableError("model_loading", "The models are being converted.", 2)
        return UnavailableError(
            "no_model", "No model can answer: put a .keras file into the models folder.", 5
        )
