"""Overrides set through the API: thresholds and the active model."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from app.storage.database import Database, StoreUnavailable
from app.storage.tables import ModelOverride, ServiceSetting

log = logging.getLogger(__name__)

_ACTIVE = "active_model"


@dataclass(frozen=True)
class Overrides:
    """Snapshot of all overrides."""

    active: str | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)


class OverrideStore:
    """Overrides in memory, refreshed regularly, so that a database failure stops no prediction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._down = False
        self.current = Overrides()
        # Of two refreshes at once, the one with the older rows must not end last.
        self._refreshing = threading.Lock()

    def refresh(self) -> None:
        """Read the overrides, which other replicas may have set.

        They stay as they are if the database fails.
        """
        with self._refreshing:
            self._refresh()

    def _refresh(self) -> None:
        try:
            with self._database.session() as session:
                thresholds = session.scalars(
                    select(ModelOverride).where(ModelOverride.threshold.is_not(None))
                )
                active = session.get(ServiceSetting, _ACTIVE)
                self.current = Overrides(
                    active.value if active else None,
                    {row.name: row.threshold for row in thresholds if row.threshold is not None},
                )
        except StoreUnavailable as error:
            if not self._down:
                log.warning("the database does not answer (%s); overrides stay as they were", error)
            self._down = True
        else:
            self._down = False

    def set_threshold(self, name: str, threshold: float | None) -> None:
        """Set a model's threshold; none goes back to its own.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        with self._database.session() as session:
            session.merge(ModelOverride(name=name, threshold=threshold))
        self.refresh()

    def set_active(self, name: str) -> None:
        """Choose the model that answers when a request names none.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        with self._database.session() as session:
            session.merge(ServiceSetting(key=_ACTIVE, value=name))
        self.refresh()
