"""What /api/predict, /api/report and /api/cases share: which models to ask, and asking them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from app.api.answers import prediction
from app.api.deps import Uploaded, chosen_models
from app.api.schemas.predict import Agreement, FailedModel, Prediction
from app.service import Service
from app.serving.judging import Judgement, Question
from app.serving.models import ServedModel
from detection_model.card import ClassName
from detection_model.inference.consistency import ConsistencyMode

Threshold = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]
Whole = Annotated[
    bool, Query(description="judge the whole picture, also with models made for faces")
]
_TRIES = (
    "whether the verdict holds when the picture is saved anew, scaled, shifted and mirrored: "
    "always, never, or auto, where it is close to the threshold"
)


@dataclass(frozen=True)
class Choice:
    """Which models a request asks, and how. `models` none: one model alone."""

    model: str | None
    models: str | None
    threshold: float | None
    calibrate: bool
    whole: bool
    stability: ConsistencyMode | None


async def _choice(
    model: Annotated[str | None, Query(description="default: the active one")] = None,
    models: Annotated[
        str | None, Query(description="all, or names separated by commas: compare")
    ] = None,
    threshold: Threshold = None,
    calibrate: Annotated[bool, Query(description="use the models' calibrators")] = True,
    whole: Whole = False,
    stability: Annotated[
        ConsistencyMode | None,
        Query(description=f"{_TRIES}; default: auto, of predict with several models never"),
    ] = None,
) -> Choice:  # not async, it would cost a thread
    return Choice(model, models, threshold, calibrate, whole, stability)


Chosen = Annotated[Choice, Depends(_choice)]


@dataclass(frozen=True)
class Judged:
    """An upload and what was said of it: `results[i]` is of `models[i]`."""

    data: bytes
    judgement: Judgement
    models: list[ServedModel]
    results: list[Prediction]
    failed: list[FailedModel]


async def judged(
    request: Request, service: Service, upload: Uploaded, choice: Choice, when: ConsistencyMode
) -> Judged:
    """Have an uploaded picture judged by the models that a request names.

    `when`: stability is tried where the request does not say.

    Raises:
        ImageError: it is no picture that is accepted.
        ModelFailedError: a model's answer is not finite.
        ClientGoneError: the client went away while the picture waited.
        ApiError: as `chosen_models`; 503 it would have to wait too long.
    """
    # Taken before decoding: a model that leaves meanwhile still answers this request.
    models, failed = chosen_models(service, choice.model, choice.models)
    sources = [service.threshold(one, choice.threshold) for one in models]
    questions = [
        Question(one, value, choice.calibrate, choice.whole, choice.stability or when)
        for one, (value, _) in zip(models, sources, strict=True)
    ]
    with service.predictor.admitted(models):
        data = await upload.read()
        found = await service.predictor.judge(data, questions, request.is_disconnected)
    answers = found.judgement.answers
    results = [
        prediction(found, answer, one, source)
        for one, answer, (_, source) in zip(models, answers, sources, strict=True)
    ]
    return Judged(data, found.judgement, models, results, failed)


def agree(results: Sequence[Prediction]) -> Agreement:
    """Count the verdicts of several models; uncertain and out-of-scope verdicts are not votes."""
    fake = sum(result.verdict == "fake" for result in results)
    real = sum(result.verdict == "real" for result in results)
    models = len(results)
    majority: ClassName | None = None if fake == real else "Fake" if fake > real else "Real"
    if majority:
        text = f"{max(fake, real)} of {models} models say {majority}."
    elif fake:
        text = f"The models are split: {fake} of {models} say Fake, {real} say Real."
    else:
        text = f"None of {models} models is certain."
    return Agreement(
        models=models,
        fake=fake,
        real=real,
        undecided=models - fake - real,
        majority=majority,
        unanimous=models in (fake, real),
        message=text,
    )
