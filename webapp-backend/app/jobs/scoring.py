"""Verdicts on the pictures of an archive."""

from collections.abc import Sequence

from app.api.schemas.base import Probability
from app.api.schemas.history import HistoryImage, HistoryVerdict
from app.api.schemas.jobs import JobModel, JobParameters, JobPicture
from app.jobs.archive import Archive
from app.jobs.lane import JobFailedError
from app.serving.judging import Judged, ModelFailedError, Question, judge
from app.serving.registry import Registry
from detection_model.imaging import ImageError, Limits


def questions_of(parameters: JobParameters, registry: Registry) -> list[Question] | None:
    """The models that a job asks, exactly those that it was accepted for; none while they load.

    Raises:
        JobFailedError: one is gone, or another file has taken its name.
    """
    questions = []
    for asked in parameters.models:
        slot = registry.slots.get(asked.name)
        if slot is None or slot.state == "broken" or slot.sha256 not in (None, asked.sha256):
            raise JobFailedError(
                f"{asked.name} was replaced or taken away since the job was accepted. "
                "Start the job again."
            )
        if slot.served is None:
            return None
        how = (parameters.calibrate, parameters.whole, parameters.stability)
        questions.append(Question(slot.served, asked.threshold, *how))
    return questions


def score(
    archive: Archive,
    position: int,
    questions: Sequence[Question],
    asked: Sequence[JobModel],
    limits: Limits,
) -> JobPicture:
    """What is found for one file; a refusal is a result too."""
    name = archive.name(position)
    try:
        found = judge(archive.read(position, limits.max_bytes), questions, limits)
    except ImageError as error:
        return JobPicture(position=position, file=name, error=error.code, message=error.message)
    except ModelFailedError as error:
        return JobPicture(position=position, file=name, error="model_broken", message=str(error))
    picture = found.picture
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
            faces=next(
                (a.found.face_count for a in found.answers if a.found.face_count is not None), None
            ),
        ),
        verdicts=[
            _stored(answer, model) for answer, model in zip(found.answers, asked, strict=True)
        ],
    )


def _stored(answer: Judged, model: JobModel) -> HistoryVerdict:
    verdict = answer.found.verdict
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
