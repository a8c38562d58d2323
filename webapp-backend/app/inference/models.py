"""Snapshot of the models folder."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from app.inference.engines import PooledEngine
from app.inference.evaluations import StoredEvaluation
from app.inference.model_folder import ModelPath
from detection_model.card import Assumption, Card
from detection_model.export.litert import Compiled
from detection_model.inference.pipeline import common_face_margin
from detection_model.inference.probability import ThresholdInForce, threshold_in_force

# Longest name of a model that the database takes, in characters.
NAME_LENGTH = 200


@dataclass(frozen=True)
class ServedModel:
    """A model that answers: matching file, card and engine.

    An ensemble has members instead of an engine, and its identity as sha256.
    """

    name: str
    sha256: str
    card: Card
    assumptions: list[Assumption]
    evaluation: StoredEvaluation | None
    configured_threshold: float | None
    compiled: Compiled | None = None
    engine: PooledEngine | None = None
    members: tuple["ServedModel", ...] = ()

    @property
    def face_margin(self) -> float | None:
        """Crop margin in face widths; none for a model of whole images."""
        return common_face_margin(part.card for part in self.parts)

    def threshold(
        self, *, request: float | None = None, override: float | None = None
    ) -> ThresholdInForce:
        """The threshold in force and its source."""
        return threshold_in_force(
            self.card,
            request=request,
            override=override,
            eval_config=self.configured_threshold,
            has_card=not self.assumptions,
        )

    @property
    def parts(self) -> tuple["ServedModel", ...]:
        """The models that run: the members of an ensemble, or the model itself."""
        return self.members or (self,)


@dataclass(frozen=True)
class Slot:
    """Registry entry: one file of the folder, and the last good model of its name.

    `report` is the report of its conversion at the last refresh.
    """

    file: ModelPath
    size_bytes: int
    modified: datetime
    sha256: str | None = None
    problem: str | None = None
    served: ServedModel | None = None
    settled: bool = False
    report: Compiled | None = None

    @classmethod
    def of(cls, file: ModelPath, old: "Slot | None") -> "Slot":
        """The entry of a file as it is now; the previous model continues to answer.

        Raises:
            OSError: the file is gone.
        """
        stat = file.path.stat()
        return cls(
            file=file,
            size_bytes=stat.st_size,
            modified=datetime.fromtimestamp(stat.st_mtime, UTC),
            served=old.served if old is not None else None,
        )

    @property
    def name(self) -> str:
        """The model's name."""
        return self.file.name

    @property
    def state(self) -> Literal["loading", "ready", "broken"]:
        """ready: it answers; broken: it does not and will not until the file changes."""
        if self.served is not None:
            return "ready"
        return "broken" if self.settled else "loading"
