"""Heat maps point at what a network learned, and at nothing in an untrained one.

Sanity checks after Adebayo et al., "Sanity Checks for Saliency Maps" (2018): a network that
learned a patch must point at it, the same network with random weights must not.
"""

from typing import Any

import numpy as np
import pytest
from factories import (
    AREA,
    SPEC,
    PatchImage,
    model_log_odds,
    patch_image,
    patch_network,
    trained_network,
)

from detection_model import imaging
from detection_model.explain.attribution import Attribution
from detection_model.explain.explanation import (
    METHODS,
    Method,
    integrated_gradients,
    lime,
    occlusion,
)
from detection_model.explain.log_odds import LogOdds

pytestmark = pytest.mark.slow

FAKES = [patch_image(seed) for seed in range(1000, 1008)]


@pytest.fixture(scope="module")
def learned() -> Any:
    return trained_network()


def attribution(method: Method, model: LogOdds, fake: PatchImage) -> Attribution:
    match method:
        case "gradcam":
            return next(iter(model.gradcam(imaging.scale(fake.pixels[None], SPEC))))
        case "integrated-gradients":
            return integrated_gradients(model, fake.pixels, SPEC, points=32).attribution
        case "occlusion":
            return occlusion(model, fake.pixels, SPEC)
        case "lime":
            return lime(model, fake.pixels, SPEC, samples=256).attribution


def evidence_in_patch(evidence: Attribution, fake: PatchImage) -> tuple[float, bool]:
    """The share of the evidence in the patch, and whether its peak lies there."""
    assert evidence.max() > 0
    inside = evidence[fake.patch]
    return float(inside.sum() / evidence.sum()), bool(inside.max() == evidence.max())


def test_the_network_learned_to_detect_the_patch(learned: Any) -> None:
    reals = [patch_image(seed, fake=False) for seed in range(2000, 2008)]
    values = model_log_odds(learned).values(
        np.array([image.pixels for image in [*FAKES, *reals]], np.float32)
    )
    assert ((values > 0) == ([True] * 8 + [False] * 8)).all()


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_a_trained_network_point_at_the_patch(learned: Any, method: Method) -> None:
    model = model_log_odds(learned)
    result = [
        evidence_in_patch(np.maximum(attribution(method, model, fake), 0), fake) for fake in FAKES
    ]
    share, pointing = np.mean(result, axis=0)
    assert share > 0.5
    assert pointing >= 0.75


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_a_network_with_random_weights_do_not(method: Method) -> None:
    import keras

    result = []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        model = model_log_odds(patch_network())
        # Such a network may favour either class, so evidence for both counts.
        result += [
            evidence_in_patch(np.abs(attribution(method, model, fake)), fake) for fake in FAKES[:4]
        ]
    share, pointing = np.mean(result, axis=0)
    assert share < 2 * AREA
    assert pointing < 0.4
