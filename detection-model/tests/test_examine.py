"""Faces, doubts and small changes become one verdict, whatever runs the model."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from portraits import portrait

from detection_model.card import (
    Card,
    Conformal,
    InputSpec,
    IsotonicCalibrator,
    NoCalibrator,
    Steadiness,
    TemperatureCalibrator,
)
from detection_model.faces import Face
from detection_model.inference.consistency import VARIATIONS, is_close, stability
from detection_model.inference.image import MOST_FACES, Scene, View
from detection_model.inference.pipeline import Terms, examine, face_margin
from detection_model.inference.probability import calibrated_logit, log_odds, sigmoid
from detection_model.inference.verdict import ConformalSet, Reason, Verdict, judge

Bytes = NDArray[np.uint8]
PIXELS = np.asarray(portrait(7, 200))
CARD = Card(name="m", sha256="a" * 64, input=InputSpec(height=64, width=64, face_margin=0.25))
TERMS = Terms(card=CARD, threshold=0.5, face_margin=0.25)
LIMITS = Conformal(coverage=0.9, real=0.4, fake=0.3, data="D", pictures=10)


def face(left: float, side: float) -> Face:
    return Face(left, 20, left + side, 20 + side, 0.9, np.zeros((6, 2), np.float32))


def scene(*faces: Face, pixels: Bytes = PIXELS) -> Scene:
    """A picture in which these faces are found."""
    found = Scene(pixels)
    found.__dict__["faces"] = list(faces)
    return found


def side_of(view: View) -> float:
    """A model that takes large cut-outs for Fake."""
    return len(view.cut(0.25)) / 10 - 8


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.explained]


def test_a_cut_out_is_the_square_round_the_face_and_the_whole_without_a_margin() -> None:
    view = View(PIXELS, face(60, 80))
    assert view.cut(0.25).shape == (120, 120, 3)
    assert np.array_equal(view.cut(0.25), PIXELS[0:120, 40:160])
    assert view.cut(None) is PIXELS
    assert view.changed(lambda pixels: pixels[::2]).cut(0.25).shape == (60, 120, 3)


def test_a_view_is_resized_once_for_each_input() -> None:
    view = View(PIXELS, face(60, 80))
    assert view.sized(CARD.input) is view.sized(CARD.input)
    other = CARD.input.model_copy(update={"face_margin": None})
    assert not np.array_equal(view.sized(CARD.input), view.sized(other))


def test_each_face_has_its_verdict_and_the_most_suspicious_decides() -> None:
    found = examine(scene(face(60, 80), face(10, 44)), TERMS, side_of)
    assert [one.verdict.verdict for one in found.faces] == ["fake", "real"]
    assert (found.judged, found.found, found.verdict.fake) == (
        "face",
        2,
        found.faces[0].verdict.fake,
    )
    assert codes(found.verdict) == ["above_threshold", "several_faces"]
    alone = examine(scene(face(60, 80)), TERMS, side_of)
    assert codes(alone.verdict) == ["above_threshold"]


def test_a_crowd_is_counted_and_its_largest_judged() -> None:
    found = examine(scene(*[face(n, 60) for n in range(30)]), TERMS, side_of)
    assert (found.found, len(found.faces)) == (30, MOST_FACES)


def test_no_face_is_out_of_scope_and_still_has_a_probability() -> None:
    found = examine(scene(), TERMS, lambda _view: 3.0)
    assert (found.verdict.verdict, found.judged, found.found) == ("out_of_scope", "whole", 0)
    assert codes(found.verdict) == ["above_threshold", "no_face"]
    assert found.verdict.fake == pytest.approx(sigmoid(3.0))


def test_faces_are_not_searched_for_a_model_of_whole_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(_pixels: Bytes) -> list[Face]:
        raise AssertionError("searched")

    monkeypatch.setattr("detection_model.inference.image.find_faces", never)
    for terms in (
        Terms(card=CARD, threshold=0.5),
        Terms(card=CARD, threshold=0.5, face_margin=0.25, whole=True),
    ):
        found = examine(Scene(PIXELS), terms, lambda _view: 3.0)
        assert (found.judged, found.found) == ("whole", None)
        assert ("whole_picture" in codes(found.verdict)) == terms.whole


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
    found = judge(log_odds(fake), calibrator=NoCalibrator(), threshold=0.5, conformal=LIMITS)
    assert found.conformal == ConformalSet(coverage=0.9, classes=classes)
    assert found.verdict == verdict
    assert codes(found)[1:] == ([code] if code else [])


def test_a_set_of_both_or_of_the_other_class_is_uncertain() -> None:
    wide = LIMITS.model_copy(update={"real": 0.8, "fake": 0.8})
    both = judge(0.0, calibrator=NoCalibrator(), threshold=0.5, conformal=wide)
    assert (both.verdict, codes(both)[-1]) == ("uncertain", "conformal_both")
    other = judge(log_odds(0.75), calibrator=NoCalibrator(), threshold=0.9, conformal=LIMITS)
    assert (other.prediction, other.verdict) == ("Real", "uncertain")
    assert codes(other)[-1] == "conformal_other"


def test_out_of_scope_goes_before_uncertain_and_both_are_explained() -> None:
    found = judge(
        0.0,
        calibrator=NoCalibrator(),
        threshold=0.5,
        assumptions=["1 means Fake"],
        outside=[Reason(code="no_face", message="none")],
    )
    assert found.verdict == "out_of_scope"
    assert codes(found) == ["above_threshold", "no_card", "no_face"]
    assert found.reasons == [reason.message for reason in found.explained]


@given(st.floats(0, 1))
def test_evidence_grows_with_the_probability(fake: float) -> None:
    found = judge(log_odds(fake), calibrator=NoCalibrator(), threshold=0.5)
    words = ["weak", "moderate", "strong", "very_strong"]
    at = [0.5, 0.7, 0.9]
    assert found.evidence == words[sum(found.fake >= bound for bound in at)]


@pytest.mark.parametrize("name", VARIATIONS)
def test_small_changes_are_small_and_the_same_each_time(name: str) -> None:
    change = VARIATIONS[name].apply
    once, again = change(PIXELS), change(PIXELS)
    assert np.array_equal(once, again)
    assert not np.array_equal(once, PIXELS)
    assert all(abs(a - b) <= 4 for a, b in zip(once.shape, PIXELS.shape, strict=True))
    undone: dict[str, Callable[[], tuple[Bytes, Bytes]]] = {
        "flip": lambda: (once[:, ::-1], PIXELS),
        "shift": lambda: (once, PIXELS[-len(once) :, -once.shape[1] :]),
    }
    left, right = undone[name]() if name in undone else (once, PIXELS)
    assert np.abs(left.astype(int) - right).mean() < 6


@pytest.mark.parametrize("name", VARIATIONS)
def test_large_pictures_are_scaled_down_before_they_are_changed(name: str) -> None:
    large = np.asarray(portrait(7, 900))[:600]
    changed = VARIATIONS[name].apply(large)
    assert 500 <= changed.shape[1] <= 512
    assert changed.shape[0] == pytest.approx(changed.shape[1] * 2 / 3, abs=4)


def test_a_verdict_that_a_change_turns_is_uncertain_and_names_the_change() -> None:
    def one_sided(view: View) -> float:
        cut = view.cut(0.25).astype(float)
        return 3.0 if cut[:, :20].mean() > cut[:, -20:].mean() else -3.0

    light = np.linspace(1.5, 0.5, 200)[None, :, None]
    pixels = np.clip(PIXELS * light, 0, 255).astype(np.uint8)
    always = Terms(card=CARD, threshold=0.5, face_margin=0.25, stability="always")
    found = examine(scene(face(60, 80), pixels=pixels), always, one_sided).verdict
    assert (found.prediction, found.verdict) == ("Fake", "uncertain")
    assert found.reasons[-1].endswith("it turns when the picture is mirrored")
    assert found.stability is not None
    turned = [one.change for one in found.stability.changes if one.prediction == "Real"]
    assert turned == ["flip"]
    never = Terms(card=CARD, threshold=0.5, face_margin=0.25, stability="never")
    unasked = examine(scene(face(60, 80), pixels=pixels), never, one_sided).verdict
    assert (unasked.verdict, unasked.stability) == ("fake", None)


@given(
    st.floats(-8, 8),
    st.lists(st.floats(-1.5, 1.5), min_size=4, max_size=4),
    st.floats(0.05, 0.95),
    st.sampled_from(
        [NoCalibrator(), TemperatureCalibrator(temperature=2.5, bias=0.3)],
    ),
)
def test_what_is_not_close_does_not_turn(
    logit: float,
    moves: list[float],
    threshold: float,
    calibrator: NoCalibrator | TemperatureCalibrator,
) -> None:
    """Where no change moves the model by more than the reach, trying only what is close is safe."""
    changed = {name: logit + move for name, move in zip(VARIATIONS, moves, strict=True)}
    own = calibrated_logit(logit, calibrator)
    reach = max(abs(calibrated_logit(one, calibrator) - own) for one in changed.values())
    steadiness = Steadiness(reach=reach + 1e-9, share=1, data="D", pictures=1)
    if not is_close(logit, calibrator, threshold, steadiness):
        assert stability(logit, changed, calibrator, threshold).stable


def test_calibrated_log_odds_are_those_of_the_calibrated_probability() -> None:
    isotonic = IsotonicCalibrator(x=(0.0, 1.0), y=(0.1, 0.9))
    assert sigmoid(calibrated_logit(0.0, isotonic)) == pytest.approx(0.5)
    assert sigmoid(calibrated_logit(50.0, isotonic)) == pytest.approx(0.9)
    assert calibrated_logit(2.0, TemperatureCalibrator(temperature=2, bias=1)) == 2


def test_doubts_fitted_with_the_calibrator_need_it() -> None:
    card = CARD.model_copy(update={"conformal": LIMITS})
    raw = Terms(card=card, threshold=0.5, face_margin=0.25, calibrate=False)
    assert examine(scene(face(60, 80)), raw, side_of).verdict.conformal is None
    fitted = Terms(card=card, threshold=0.5, face_margin=0.25)
    assert examine(scene(face(60, 80)), fitted, side_of).verdict.conformal is not None
    assert examine(scene(), fitted, side_of).verdict.conformal is None


def test_an_ensemble_looks_for_faces_where_a_member_does() -> None:
    whole = CARD.model_copy(update={"input": InputSpec(height=64, width=64)})
    assert face_margin([whole, CARD]) == 0.25
    assert face_margin([whole]) is None
