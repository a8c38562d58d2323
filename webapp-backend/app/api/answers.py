"""Verdicts as answers."""

from app.api.schemas.base import Probability, ThresholdSource
from app.api.schemas.predict import FaceBox, FacePrediction, ImageInfo, Prediction, Said, Timing
from app.serving.judging import Judged
from app.serving.models import ServedModel
from app.serving.predictor import Answered
from detection_model.faces import Box, Face
from detection_model.imaging import Picture
from detection_model.inference.pipeline import FaceResult
from detection_model.inference.verdict import Verdict, message


def prediction(
    answered: Answered, answer: Judged, model: ServedModel, source: ThresholdSource
) -> Prediction:
    """One model's answer."""
    found, judgement = answer.found, answered.judgement
    picture = judgement.picture
    faces_ms = judgement.faces_ms if found.face_count is not None else 0.0
    stages = (judgement.decode_ms, answered.queue_ms, faces_ms, answer.infer_ms)
    decode, queue, faces, infer = (round(milliseconds, 3) for milliseconds in stages)
    return Prediction(
        **_said(found.verdict).model_dump(),
        reasons=found.verdict.reasons,
        judged=found.region,
        faces=[_face(one, picture) for one in found.faces],
        leading_face=found.leading_face,
        threshold=found.verdict.threshold,
        threshold_source=source,
        model=model.name,
        model_sha256=model.sha256,
        assumptions=model.assumptions,
        message=message(found.verdict),
        image=image_info(picture, found.face_count),
        device="cpu",
        timing_ms=Timing(
            decode=decode, queue=queue, faces=faces, infer=infer, total=round(sum(stages), 3)
        ),
    )


def image_info(picture: Picture, faces: int | None = None) -> ImageInfo:
    """A decoded upload."""
    return ImageInfo(
        sha256=picture.sha256,
        size_bytes=picture.size_bytes,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        faces=faces,
    )


def _face(found: FaceResult, picture: Picture) -> FacePrediction:
    return FacePrediction(
        **_said(found.verdict).model_dump(), box=box_of(found.face, picture), score=found.face.score
    )


def _said(verdict: Verdict) -> Said:
    return Said(
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
    """A box as shares of the picture; what lies outside it is cut off."""
    left, right = (min(max(x / picture.width, 0.0), 1.0) for x in (face.left, face.right))
    top, bottom = (min(max(y / picture.height, 0.0), 1.0) for y in (face.top, face.bottom))
    return FaceBox(left=left, top=top, width=right - left, height=bottom - top)
