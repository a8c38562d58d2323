"""Each method matches its paper, for both polarities and any layout of the network."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from factories import HEIGHT, SPEC, WIDTH, model_log_odds, patch_image, patch_network

from detection_model import architectures, imaging
from detection_model.card import OutputSpec
from detection_model.explain import log_odds
from detection_model.explain.attribution import ExplainError
from detection_model.explain.explanation import integrated_gradients, lime, occlusion
from detection_model.explain.log_odds import LogOdds
from detection_model.inference import verdict

OUTPUTS = [
    OutputSpec(),
    OutputSpec(classes=("Fake", "Real")),
    OutputSpec(activation="softmax"),
    OutputSpec(activation="softmax", classes=("Fake", "Real", "Fake")),
]
PIXELS = patch_image(7).pixels
BATCH = imaging.scale(PIXELS[None], SPEC)


def small(*head: Any, side: tuple[int, int] = (HEIGHT, WIDTH)) -> Any:
    """A seeded network of one convolution and a head."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    convolution = layers.Conv2D(5, 3, padding="same", activation="relu")
    return keras.Sequential(
        [keras.Input((*side, 3)), layers.Rescaling(1 / 255), convolution, *head]
    )


def pooled(units: int = 1) -> list[Any]:
    from keras import layers

    return [layers.GlobalAveragePooling2D(), layers.Dense(units, bias_initializer="normal")]


def linear() -> tuple[LogOdds, Any]:
    """Log-odds that are a weighted sum of the input, and the weights."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    model = keras.Sequential([keras.Input((HEIGHT, WIDTH, 3)), layers.Flatten(), layers.Dense(1)])
    kernel = model.layers[-1].get_weights()[0]
    return model_log_odds(model), kernel.reshape(HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_log_odds_of_fake_are_explained(output: OutputSpec) -> None:
    logits = small(*pooled(output.units))
    model = model_log_odds(logits, output)
    expected = verdict.fake_logit([float(x) for x in np.asarray(logits(BATCH))[0]], output)
    assert model.values(BATCH)[0] == pytest.approx(expected, abs=1e-5)
    values, gradients = model.gradients(BATCH)
    assert values[0] == pytest.approx(expected, abs=1e-5)
    # The gradient along a step predicts the change.
    step = (np.sign(gradients) / 4).astype(np.float32)
    changed = model.values(BATCH + step)[0] - model.values(BATCH - step)[0]
    assert changed > 0
    assert 2 * (gradients * step).sum() == pytest.approx(changed, rel=0.05)


def test_the_other_polarity_negates_every_map() -> None:
    logits = small(*pooled())
    fake, real = (
        model_log_odds(logits),
        model_log_odds(logits, OutputSpec(classes=("Fake", "Real"))),
    )
    methods: list[Callable[[LogOdds], Any]] = [
        lambda model: model.gradcam(BATCH),
        lambda model: integrated_gradients(model, PIXELS, SPEC, points=8).attribution,
        lambda model: occlusion(model, PIXELS, SPEC, cover=1 / 2),
        lambda model: lime(model, PIXELS, SPEC, samples=32).attribution,
    ]
    for method in methods:
        assert np.abs(method(fake)).max() > 0
        np.testing.assert_allclose(method(fake), -method(real), rtol=1e-3, atol=1e-5)


def test_gradcam_before_pooling_matches_the_paper() -> None:
    import keras
    import tensorflow as tf

    logits = patch_network()
    inner = keras.Model(logits.inputs[0], logits.layers[-3].output)
    with tf.GradientTape() as tape:
        features = inner(BATCH)
        tape.watch(features)
        score = logits.layers[-1](logits.layers[-2](features))
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
    cam = tf.reduce_sum(weights * features, axis=3, keepdims=True)
    expected = tf.image.resize(cam, (HEIGHT, WIDTH))[..., 0].numpy()
    result = model_log_odds(logits).gradcam(BATCH)
    np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_gradcam_sums_to_the_log_odds_of_a_dense_layer_without_pooling() -> None:
    from keras import layers

    model = model_log_odds(small(layers.Flatten(), layers.Dense(1, use_bias=False)))
    assert model.gradcam(BATCH).sum() == pytest.approx(model.values(BATCH)[0], rel=1e-3)


def nested(layout: str) -> tuple[Any, Any]:
    """A nested network, and the same layers in one sequence."""
    import keras
    from keras import layers

    flat = small(*pooled())
    inputs, features = flat.inputs, flat.layers[1].output
    if layout == "backbone in a Sequential":
        parts = [keras.Model(inputs, features), *flat.layers[2:]]
    elif layout == "with its pooling":
        parts = [keras.Model(inputs, flat.layers[2].output), flat.layers[3]]
    else:
        deep = keras.Sequential([keras.Sequential([keras.Model(inputs, flat.layers[2].output)])])
        outer = keras.Input((HEIGHT, WIDTH, 3))
        parts = [keras.Model(outer, flat.layers[3](layers.Dropout(0.5)(deep(outer))))]
    return keras.Sequential([keras.Input((HEIGHT, WIDTH, 3)), *parts]), flat


@pytest.mark.parametrize("layout", ["backbone in a Sequential", "with its pooling", "thrice"])
def test_a_nested_backbone_has_the_gradcam_of_its_flat_layers(layout: str) -> None:
    wrapped, flat = nested(layout)
    expected = model_log_odds(flat).gradcam(BATCH)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(
        model_log_odds(wrapped).gradcam(BATCH), expected, rtol=1e-4, atol=1e-7
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("v1", (6, 6, 16)),
        ("v3", (7, 7, 16)),
        ("efficientnet-b0", (2, 2, 1280)),
        ("efficientnet-lite0", (2, 2, 1280)),
    ],
)
def test_the_last_feature_map_is_used(
    monkeypatch: pytest.MonkeyPatch, name: str, shape: tuple[int, int, int]
) -> None:
    maps = record_feature_maps(monkeypatch)
    logits = architectures.RECIPES[name].build(side=64, weights="none")
    result = model_log_odds(logits).gradcam(np.full((1, 64, 64, 3), 100, np.float32))
    assert [tuple(feature_map.shape[1:]) for feature_map in maps] == [shape]
    assert result.shape == (1, 64, 64)
    assert np.isfinite(result).all()
    assert "call" not in vars(logits.layers[-1])


def record_feature_maps(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A list that collects the feature maps used from now on."""
    maps: list[Any] = []
    last = log_odds.last_feature_maps

    def record(outputs: Any, recorded: log_odds.Recorded) -> list[Any]:
        maps.extend(last(outputs, recorded))
        return maps

    monkeypatch.setattr(log_odds, "last_feature_maps", record)
    return maps


def test_an_attention_mask_does_not_count_as_a_feature_map(monkeypatch: pytest.MonkeyPatch) -> None:
    from keras import layers

    from detection_model.architectures.heads import AttentionPooling

    maps = record_feature_maps(monkeypatch)
    model_log_odds(small(AttentionPooling(), layers.Dense(1))).gradcam(BATCH)
    assert [tuple(feature_map.shape[1:]) for feature_map in maps] == [(HEIGHT, WIDTH, 5)]


def test_the_maps_of_branches_are_summed() -> None:
    import keras
    from keras import layers

    inputs = keras.Input((HEIGHT, WIDTH, 3))
    branches = [small(layers.MaxPooling2D(2), *pooled()), small(*pooled())]
    both = keras.Model(inputs, layers.add([branch(inputs) for branch in branches]))
    expected = sum(model_log_odds(branch).gradcam(BATCH) for branch in branches)
    np.testing.assert_allclose(model_log_odds(both).gradcam(BATCH), expected, rtol=1e-4, atol=1e-6)


def test_a_network_without_feature_maps_is_refused_by_gradcam_alone() -> None:
    import keras
    from keras import layers

    inputs = keras.Input((HEIGHT, WIDTH, 3))
    scaled = layers.Rescaling(1 / 255)(inputs)
    model = model_log_odds(keras.Model(inputs, layers.Dense(1)(layers.Flatten()(scaled))))
    with pytest.raises(ExplainError, match="no layer with a feature map"):
        model.gradcam(BATCH)
    assert occlusion(model, PIXELS, SPEC).shape == (HEIGHT, WIDTH)


def test_integrated_gradients_sum_to_the_difference_from_grey() -> None:
    model = model_log_odds(patch_network())
    result = integrated_gradients(model, PIXELS, SPEC)
    grey = imaging.scale(np.full_like(PIXELS, 128), SPEC)
    whole = model.values(BATCH)[0] - model.values(grey[None])[0]
    assert result.log_odds - result.baseline_log_odds == pytest.approx(whole, rel=1e-4)
    assert result.attribution.sum() == pytest.approx(whole, rel=0.02)
    assert result.missing == pytest.approx(whole - result.attribution.sum(), abs=1e-4)


def test_linear_log_odds_are_explained_exactly() -> None:
    model, weights = linear()
    exact = ((PIXELS.astype(np.float32) - 128) * weights).sum(axis=2)
    integrated = integrated_gradients(model, PIXELS, SPEC, points=4).attribution
    np.testing.assert_allclose(integrated, exact, atol=1e-3)
    # Covering one pixel removes exactly its contribution.
    covered = occlusion(model, PIXELS, SPEC, cover=1e-6)
    np.testing.assert_allclose(covered, exact, atol=1e-3)


def test_occlusion_gives_the_drop_of_each_covered_place() -> None:
    import keras
    from keras import layers

    flat = keras.Sequential([keras.Input((HEIGHT, WIDTH, 3)), layers.Flatten(), layers.Dense(1)])
    kernel = np.zeros((HEIGHT, WIDTH, 3, 1), np.float32)
    kernel[11, 40, 0] = 1  # the log-odds are the red of one pixel
    flat.layers[-1].set_weights([kernel.reshape(-1, 1), np.zeros(1)])
    result = occlusion(model_log_odds(flat), PIXELS, SPEC, cover=1 / 4)
    assert result[11, 40] == float(PIXELS[11, 40, 0]) - 128
    distances = np.hypot(*(np.indices(result.shape) - np.array([11, 40])[:, None, None]))
    assert not result[distances > 20].any()


def test_lime_gives_the_contribution_of_each_region() -> None:
    model, weights = linear()
    # Large areas of their own colours, so that the regions are known.
    blocks = np.random.default_rng(0).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    pixels = blocks.repeat(HEIGHT // 4, 0).repeat(WIDTH // 4, 1)
    pixels[::2] ^= 8
    result = lime(model, pixels, SPEC, segments=16)
    assert result.fit > 0.99
    regions = np.unique(result.attribution)
    assert 4 < len(regions) < 64
    for value in regions:
        region = result.attribution == value
        loss = (pixels[region] - pixels[region].mean(axis=0)).ravel() @ weights[region].ravel()
        assert value == pytest.approx(loss, abs=0.1 * float(np.ptp(regions)))


def test_lime_gives_samples_near_the_picture_more_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    from visualime import lime as library

    captured: dict[str, Any] = {}
    weigh = library.weigh_segments

    def capture(samples: Any, *others: Any, distances: Any) -> Any:
        captured.update(samples=samples, distances=distances)
        return weigh(samples, *others, distances=distances)

    monkeypatch.setattr(library, "weigh_segments", capture)
    lime(model_log_odds(small(*pooled())), PIXELS, SPEC, samples=32)
    samples, distances = captured["samples"], captured["distances"]
    assert samples[0].all()
    assert distances[0] == 0
    assert (np.diff(distances[np.argsort(samples.sum(axis=1))]) <= 0).all()


class StoppedError(Exception):
    """The error that a cancelled job raises."""


@pytest.mark.parametrize("method", [integrated_gradients, occlusion, lime])
def test_a_slow_method_reports_progress_and_can_be_stopped(method: Any) -> None:
    model, reports = model_log_odds(small(*pooled())), list[tuple[int, int]]()
    method(model, PIXELS, SPEC, progress=lambda *report: reports.append(report))
    total = reports[-1][0]
    assert reports == sorted(set(reports))
    assert reports[0] == (0, total)
    assert {count for _, count in reports} == {total}

    def stop(done: int, _total: int) -> None:
        if done:
            raise StoppedError

    with pytest.raises(StoppedError):
        method(model, PIXELS, SPEC, progress=stop)
