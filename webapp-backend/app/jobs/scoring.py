"""Runs the models of a job on the pictures of an archive."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from app.inference.pipeline import ModelFailedError, ModelRequest, predict
from app.inference.registry import Registry
from app.jobs.archive import Archive
from app.jobs.consumer import JobFailedError
from app.schemas.base import Probability
from app.schemas.history import HistoryImage, HistoryVerdict
from app.schemas.jobs import JobModel, JobParameters, JobPicture
from detection_model.imaging import ImageError, Limits
from detection_model.inference.pipeline import PredictOptions
from detection_model.inference.verdict import Verdict


def requests_of(parameters: JobParameters, registry: Registry) -> list[ModelRequest] | None:
    """The models of a job with their options; None while they load.

    Raises:
        JobFailedError: a model was removed or replaced since the job was accepted.
    """
    requests = []
    for model in parameters.models:
        slot = registry.slots.get(model.name)
        if slot is None or slot.sha256 not in (None, model.sha256):
            raise _gone(model)
        # While a file is loaded, the previous one of its name answers.
        if slot.served is None or slot.served.sha256 != model.sha256:
            if slot.settled:
                raise _gone(model)
            return None
        options = PredictOptions(
            model.threshold, parameters.calibrate, parameters.whole, parameters.stability
        )
        requests.append((slot.served, options))
    return requests


def score(
    archive: Archive,
    position: int,
    requests: Sequence[ModelRequest],
    models: Sequence[JobModel],
    limits: Limits,
    trust_list: Path | None,
) -> JobPicture:
    """The result of one file; a refusal is a result too."""
    name = archive.name(position)
    try:
        data = archive.read(position, limits.max_bytes)
        results = predict(data, requests, limits, trust_list=trust_list)
    except ImageError as error:
        return refusal(archive, position, error.code, error.message)
    except ModelFailedError as error:
        return refusal(archive, position, "model_broken", str(error))
    picture = results.picture
    return JobPicture(
        position=position,
        file=name,
        image=HistoryImage(
            name=name,
            sha256=picture.sha256,
            size_bytes=picture.size_bytes,
            width=picture.width,
            height=picture.height,
            format=picture.format,
            faces=results.face_count,
        ),
        label=archive.label(position),
        provenance=results.provenance,
        verdicts=[
            _history_verdict(result.verdict, model)
            for result, model in zip(results.results, models, strict=True)
        ],
    )


def refusal(archive: Archive, position: int, error: str, message: str) -> JobPicture:
    """The result of a file without a verdict."""
    return JobPicture(
        position=position,
        file=archive.name(position),
        label=archive.label(position),
        error=error,
        message=message,
    )


class Copies:
    """Finds pictures that equal an earlier one of the archive, by their hashes."""

    def __init__(self, earlier: Iterable[JobPicture]) -> None:
        self._first: dict[str, int] = {}
        for picture in earlier:
            self.mark(picture)

    def mark(self, picture: JobPicture) -> JobPicture:
        """Add a result; returns it with `copy_of` set if an earlier one has the same hash."""
        if picture.image is None:
            return picture
        first = self._first.setdefault(picture.image.sha256, picture.position)
        return picture.model_copy(update={"copy_of": None if first == picture.position else first})


def _gone(model: JobModel) -> JobFailedError:
    return JobFailedError(
        f"{model.name} was replaced or removed since the job was accepted. Start the job again."
    )


def _history_verdict(verdict: Verdict, model: JobModel) -> HistoryVerdict:
    return HistoryVerdict(
        model=model.name,
        model_sha256=model.sha256,
        prediction=verdict.prediction,
        verdict=verdict.verdict,
        probability=Probability(real=1 - verdict.fake, fake=verdict.fake),
        logit=verdict.logit,
        threshold=verdict.threshold,
        threshold_source=model.threshold_source,
    )
