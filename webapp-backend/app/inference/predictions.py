"""Turns results into the API's answers."""

from collections.abc import Sequence

from app.inference.pipeline import PictureResults
from app.schemas.base import Probability, ThresholdSource
from app.schemas.predict import (
    Agreement,
    FaceBox,
    FacePrediction,
    ImageInfo,
    Prediction,
    Timing,
    VerdictFields,
)
from detection_model.card import ClassName
from detection_model.faces import Box, Face
from detection_model.imaging import Note, Picture
from detection_model.inference.pipeline import FaceResult
from detection_model.inference.verdict import Verdict, message


def prediction(results: PictureResults, index: int, source: ThresholdSource) -> Prediction:
    """The answer of model number `index`; `source` is that of its threshold."""
    model, result, picture = results.models[index], results.results[index], results.picture
    faces_ms = results.faces_ms if result.face_count is not None else 0.0
    stages = (results.decode_ms, results.queue_ms, faces_ms, results.infer_ms[index])
    decode, queue, faces, infer = (round(milliseconds, 3) for milliseconds in stages)
    return Prediction(
        **_verdict_fields(result.verdict).model_dump(),
        reasons=result.verdict.reasons,
        judged=result.region,
        faces=[_face(face, picture) for face in result.faces],
        leading_face=result.leading_face,
        threshold=result.verdict.threshold,
        threshold_source=source,
        model=model.name,
        model_sha256=model.sha256,
        assumptions=[assumption.message for assumption in model.assumptions],
        assumed=model.assumptions,
        message=message(result.verdict),
        image=image_info(picture, result.face_count, result.notes),
        provenance=results.provenance,
        device="cpu",
        timing_ms=Timing(
            decode=decode, queue=queue, faces=faces, infer=infer, total=round(sum(stages), 3)
        ),
    )


def image_info(
    picture: Picture, faces: int | None = None, notes: Sequence[Note] | None = None
) -> ImageInfo:
    """Facts of a decoded upload; `notes` replace those on the file alone."""
    return ImageInfo(
        sha256=picture.sha256,
        size_bytes=picture.size_bytes,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        faces=faces,
        notes=list(picture.notes if notes is None else notes),
    )


def _face(face: FaceResult, picture: Picture) -> FacePrediction:
    return FacePrediction(
        **_verdict_fields(face.verdict).model_dump(),
        box=box_of(face.face, picture),
        score=face.face.score,
    )


def _verdict_fields(verdict: Verdict) -> VerdictFields:
    return VerdictFields(
        prediction=verdict.prediction,
        verdict=verdict.verdict,
        explained=verdict.explained,
        confidence=verdict.confidence,
        probability=Probability(real=1 - verdict.fake, fake=verdict.fake),
        raw_probability=Probability(real=1 - verdict.raw_fake, fake=verdict.raw_fake),
        logit=verdict.logit,
        evidence=verdict.evidence,
        conformal=verdict.conformal,
        stability=verdict.stability,
    )


def box_of(face: Face | Box, picture: Picture) -> FaceBox:
    """A box as shares of the picture's size, clipped to the picture."""
    left, right = (min(max(x / picture.width, 0.0), 1.0) for x in (face.left, face.right))
    top, bottom = (min(max(y / picture.height, 0.0), 1.0) for y in (face.top, face.bottom))
    return FaceBox(left=left, top=top, width=right - left, height=bottom - top)


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
