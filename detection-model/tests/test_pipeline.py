"""The pipeline combines faces, uncertainty and perturbations into one verdict."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from factories import portrait
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection_model.card import (
    Assumption,
    Card,
    Conformal,
    InputSpec,
    IsotonicCalibrator,
    NoCalibrator,
    Steadiness,
    TemperatureCalibrator,
)
from detection_model.faces import Face
from detection_model.inference.crops import MAX_FACES, Crop, ImageCrops
from detection_model.inference.pipeline import (
    PredictOptions,
    common_face_margin,
    predict_crops,
)
from detection_model.inference.probability import calibrated_logit, log_odds, sigmoid
from detection_model.inference.uncertainty import (
    PERTURBATIONS,
    check_consistency,
    is_close,
    perturbed_crops,
)
from detection_model.inference.verdict import ConformalSet, Reason, Verdict, decide, evidence_of

Bytes = NDArray[np.uint8]
PIXELS = np.asarray(portrait(7, 200))
CARD = Card(name="m", sha256="a" * 64, input=InputSpec(height=64, width=64, face_margin=0.25))
LIMITS = Conformal(coverage=0.9, real=0.4, fake=0.3, data="D", pictures=10)
ASSUMPTION = Assumption(code="class_order", message="output 1 means Fake")
RAW = PredictOptions(threshold=0.5, consistency="never")


@dataclass(frozen=True)
class FakeModel:
    """A model of faces that the pipeline runs; `score` gives its log-odds."""

    score: Callable[[Crop], float]
    card: Card = CARD
    face_margin: float | None = 0.25
    threshold: float = 0.5
    assumptions: tuple[Assumption, ...] = ()

    def log_odds(self, crop: Crop) -> float:
        return self.score(crop)


def face(left: float, side: float) -> Face:
    return Face(left, 20, left + side, 20 + side, 0.9, np.zeros((6, 2), np.float32))


def image(*faces: Face, pixels: Bytes = PIXELS) -> ImageCrops:
    """An image with these detected faces."""
    crops = ImageCrops(pixels)
    crops.faces = list(faces)
    return crops


def size_score(crop: Crop) -> float:
    """Large crops look fake."""
    return len(crop.pixels(0.25)) / 10 - 8


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.explained]


BY_SIZE = FakeModel(size_score)


def test_a_crop_is_the_square_around_the_face_or_the_whole_without_a_margin() -> None:
    crop = Crop(PIXELS, face(60, 80))
    assert crop.pixels(0.25).shape == (120, 120, 3)
    assert np.array_equal(crop.pixels(0.25), PIXELS[0:120, 40:160])
    assert crop.pixels(None) is PIXELS
    assert crop.perturbed(lambda pixels: pixels[::2]).pixels(0.25).shape == (60, 120, 3)


def test_a_crop_is_resized_once_for_each_input() -> None:
    crop = Crop(PIXELS, face(60, 80))
    assert crop.model_input(CARD.input) is crop.model_input(CARD.input)
    other = CARD.input.model_copy(update={"face_margin": None})
    assert not np.array_equal(crop.model_input(CARD.input), crop.model_input(other))


def test_each_face_has_its_verdict_and_the_most_suspicious_one_leads() -> None:
    result = predict_crops(BY_SIZE, image(face(10, 44), face(60, 80)), RAW)
    assert [face.verdict.verdict for face in result.faces] == ["real", "fake"]
    assert (result.region, result.face_count, result.leading_face) == ("face", 2, 1)
    assert result.verdict.fake == result.faces[1].verdict.fake
    assert codes(result.verdict) == ["above_threshold", "several_faces"]
    alone = predict_crops(BY_SIZE, image(face(60, 80)), RAW)
    assert alone.leading_face == 0
    assert codes(alone.verdict) == ["above_threshold"]


def test_an_in_distribution_face_leads_before_one_out_of_distribution() -> None:
    tiny_is_fake = FakeModel(lambda crop: 5.0 if len(crop.pixels(0)) < 40 else -5.0)
    result = predict_crops(tiny_is_fake, image(face(60, 80), face(10, 30)), RAW)
    assert [face.verdict.verdict for face in result.faces] == ["real", "out_of_scope"]
    assert result.leading_face == 0


def test_of_two_faces_with_the_same_score_the_larger_leads() -> None:
    result = predict_crops(FakeModel(lambda _crop: 1.0), image(face(60, 80), face(9, 60)), RAW)
    assert result.leading_face == 0


def test_a_crowd_is_counted_and_its_largest_faces_are_classified() -> None:
    result = predict_crops(BY_SIZE, image(*[face(n, 60) for n in range(30)]), RAW)
    assert (result.face_count, len(result.faces)) == (30, MAX_FACES)


def test_an_image_without_a_face_is_out_of_scope_and_still_has_a_probability() -> None:
    result = predict_crops(FakeModel(lambda _crop: 3.0), image(), RAW)
    assert (result.verdict.verdict, result.region) == ("out_of_scope", "whole")
    assert (result.face_count, result.leading_face, result.faces) == (0, None, ())
    assert codes(result.verdict) == ["above_threshold", "no_face"]
    assert result.verdict.fake == pytest.approx(sigmoid(3.0))


@pytest.mark.parametrize("whole", [False, True])
def test_faces_are_not_searched_for_whole_images(
    whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_pixels: Bytes) -> list[Face]:
        raise AssertionError("searched")

    monkeypatch.setattr("detection_model.inference.crops.find_faces", never)
    model = FakeModel(lambda _crop: 3.0, face_margin=0.25 if whole else None)
    result = predict_crops(model, ImageCrops(PIXELS), PredictOptions(whole=whole))
    assert (result.region, result.face_count) == ("whole", None)
    assert ("whole_picture" in codes(result.verdict)) == whole


def test_the_callers_threshold_overrides_the_models_own() -> None:
    strict = FakeModel(lambda _crop: 0.2, threshold=0.9)
    assert predict_crops(strict, image(face(60, 80))).verdict.threshold == 0.9
    options = PredictOptions(threshold=0.5)
    assert predict_crops(strict, image(face(60, 80)), options).verdict.prediction == "Fake"


@pytest.mark.parametrize(
    ("fake", "classes", "verdict", "code"),
    [
        (0.1, ["Real"], "real", None),
        (0.35, ["Real"], "real", None),
        (0.45, [], "uncertain", "conformal_none"),
        (0.6, [], "uncertain", "conformal_none"),
        (0.75, ["Fake"], "fake", None),
    ],
)
def test_a_set_of_the_predicted_class_alone_is_a_verdict(
    fake: float, classes: list[str], verdict: str, code: str | None
) -> None:
    result = decide(log_odds(fake), calibrator=NoCalibrator(), threshold=0.5, conformal=LIMITS)
    assert result.conformal == ConformalSet(coverage=0.9, classes=classes)
    assert result.verdict == verdict
    assert codes(result)[1:] == ([code] if code else [])


def test_a_set_of_both_or_of_the_other_class_is_uncertain() -> None:
    wide = LIMITS.model_copy(update={"real": 0.8, "fake": 0.8})
    both = decide(0.0, calibrator=NoCalibrator(), threshold=0.5, conformal=wide)
    assert (both.verdict, codes(both)[-1]) == ("uncertain", "conformal_both")
    other = decide(log_odds(0.75), calibrator=NoCalibrator(), threshold=0.9, conformal=LIMITS)
    assert (other.prediction, other.verdict) == ("Real", "uncertain")
    assert codes(other)[-1] == "conformal_other"


def test_out_of_scope_overrides_uncertain_and_both_are_explained() -> None:
    result = decide(
        0.0,
        calibrator=NoCalibrator(),
        threshold=0.5,
        assumptions=[ASSUMPTION],
        outside=[Reason(code="no_face", message="none")],
    )
    assert result.verdict == "out_of_scope"
    assert codes(result) == ["above_threshold", "no_card", "no_face"]
    assert result.reasons == [reason.message for reason in result.explained]


@pytest.mark.parametrize(
    ("fake", "evidence"),
    [
        (0.0, "weak"),
        (0.4999, "weak"),
        (0.5, "moderate"),
        (0.6999, "moderate"),
        (0.7, "strong"),
        (0.8999, "strong"),
        (0.9, "very_strong"),
        (1.0, "very_strong"),
    ],
)
def test_evidence_grows_with_the_probability(fake: float, evidence: str) -> None:
    assert evidence_of(fake) == evidence


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_perturbations_are_small_and_the_same_each_time(name: str) -> None:
    first, second = (perturbed_crops(Crop(PIXELS))[name].pixels(None) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, PIXELS)
    assert all(abs(a - b) <= 4 for a, b in zip(first.shape, PIXELS.shape, strict=True))
    undone: dict[str, Callable[[], tuple[Bytes, Bytes]]] = {
        "flip": lambda: (first[:, ::-1], PIXELS),
        "shift": lambda: (first, PIXELS[-len(first) :, -first.shape[1] :]),
    }
    left, right = undone[name]() if name in undone else (first, PIXELS)
    assert np.abs(left.astype(int) - right).mean() < 6


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_large_pictures_are_scaled_down_before_perturbation(name: str) -> None:
    large = np.asarray(portrait(7, 900))[:600]
    changed = perturbed_crops(Crop(large))[name].pixels(None)
    assert 500 <= changed.shape[1] <= 512
    assert changed.shape[0] == pytest.approx(changed.shape[1] * 2 / 3, abs=4)


def test_a_verdict_that_flips_is_uncertain_and_names_the_perturbation() -> None:
    def one_sided(crop: Crop) -> float:
        region = crop.pixels(0.25).astype(float)
        return 3.0 if region[:, :20].mean() > region[:, -20:].mean() else -3.0

    light = np.linspace(1.5, 0.5, 200)[None, :, None]
    pixels = np.clip(PIXELS * light, 0, 255).astype(np.uint8)
    model, crops = FakeModel(one_sided), image(face(60, 80), pixels=pixels)
    verdict = predict_crops(model, crops, PredictOptions(consistency="always")).verdict
    assert (verdict.prediction, verdict.verdict) == ("Fake", "uncertain")
    assert verdict.reasons[-1].endswith("it flips when the picture is mirrored")
    assert verdict.stability is not None
    flips = [change.change for change in verdict.stability.changes if change.prediction == "Real"]
    assert flips == ["flip"]
    unchecked = predict_crops(model, crops, PredictOptions(consistency="never")).verdict
    assert (unchecked.verdict, unchecked.stability) == ("fake", None)


@pytest.mark.parametrize(
    ("logit", "changes", "runs"),
    [
        (0.1, {}, 5),  # close to the threshold, and decided
        (3.0, {}, 1),  # far from it
        (0.1, {"assumptions": (ASSUMPTION,)}, 1),  # uncertain already
        (0.1, {"card": CARD.model_copy(update={"conformal": LIMITS})}, 1),
    ],
)
def test_changes_are_tried_only_where_they_can_turn_the_verdict(
    logit: float, changes: dict[str, Any], runs: int
) -> None:
    """The verdict is that of trying them always; they are no more than needed."""
    crops: list[Crop] = []

    def score(crop: Crop) -> float:
        crops.append(crop)
        return logit if len(crops) == 1 else -logit

    model, picture = FakeModel(score, **changes), image(face(60, 80))
    verdict = predict_crops(model, picture).verdict
    assert len(crops) == runs
    assert (verdict.stability is None) == (runs == 1)
    crops.clear()
    always = predict_crops(model, picture, PredictOptions(consistency="always")).verdict
    assert len(crops) == 5
    if logit < 1:
        assert verdict.verdict == always.verdict == "uncertain"


@given(
    st.floats(-8, 8),
    st.lists(st.floats(-1.5, 1.5), min_size=4, max_size=4),
    st.floats(0.05, 0.95),
    st.sampled_from(
        [NoCalibrator(), TemperatureCalibrator(temperature=2.5, bias=0.3)],
    ),
)
def test_verdicts_that_are_not_close_do_not_flip(
    logit: float,
    moves: list[float],
    threshold: float,
    calibrator: NoCalibrator | TemperatureCalibrator,
) -> None:
    """If no perturbation moves the log-odds beyond the reach, testing only close ones is safe."""
    changed = {name: logit + move for name, move in zip(PERTURBATIONS, moves, strict=True)}
    calibrated = calibrated_logit(logit, calibrator)
    reach = max(abs(calibrated_logit(value, calibrator) - calibrated) for value in changed.values())
    steadiness = Steadiness(reach=reach + 1e-9, share=1, data="D", pictures=1)
    if not is_close(logit, calibrator, threshold, steadiness):
        assert check_consistency(logit, changed, calibrator, threshold).stable


def test_calibrated_log_odds_are_those_of_the_calibrated_probability() -> None:
    isotonic = IsotonicCalibrator(x=(0.0, 1.0), y=(0.1, 0.9))
    assert sigmoid(calibrated_logit(0.0, isotonic)) == pytest.approx(0.5)
    assert sigmoid(calibrated_logit(50.0, isotonic)) == pytest.approx(0.9)
    assert calibrated_logit(2.0, TemperatureCalibrator(temperature=2, bias=1)) == 2


def test_conformal_sets_need_the_calibrator_they_were_fitted_with() -> None:
    card = CARD.model_copy(update={"conformal": LIMITS})
    model = replace(BY_SIZE, card=card)
    raw = PredictOptions(calibrate=False)
    assert predict_crops(model, image(face(60, 80)), raw).verdict.conformal is None
    assert predict_crops(model, image(face(60, 80))).verdict.conformal is not None
    assert predict_crops(model, image()).verdict.conformal is None


def test_an_ensemble_detects_faces_if_a_member_does() -> None:
    whole = CARD.model_copy(update={"input": InputSpec(height=64, width=64)})
    assert common_face_margin([whole, CARD]) == 0.25
    assert common_face_margin([whole]) is None
