"""Heat maps align with the picture, use the named colours, and are drawn by the command."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import matplotlib
import numpy as np
import pytest
from factories import HEIGHT, SPEC, WIDTH, patch_image, patch_network
from PIL import Image
from typer.testing import Result

from detection_model import imaging
from detection_model.card import Card, InputSpec, file_sha256, write_card
from detection_model.explain.attribution import (
    COLOURS,
    Colours,
    heat,
    layer,
    onto_image,
    overlay,
    png,
    stops,
    table,
    with_legend,
)
from detection_model.explain.explanation import Explainer
from detection_model.faces import Box, crop

Run = Callable[..., Result]
Resize = Literal["stretch", "center-crop", "pad"]
NAN = float("nan")


def test_a_heat_map_shows_one_class_and_its_maximum_is_1() -> None:
    signed = np.array([[-4, 0, 1], [2, NAN, -8]], np.float32)
    np.testing.assert_allclose(heat(signed), [[0, 0, 0.5], [1, NAN, 0]], atol=0.01)
    np.testing.assert_allclose(heat(signed, "Real"), [[0.5, 0, 0], [0, NAN, 1]], atol=0.01)
    assert heat(signed).dtype == np.float32


def test_without_evidence_there_is_no_heat() -> None:
    np.testing.assert_array_equal(heat(np.array([[-1, NAN, 0]], np.float32)), [[0, NAN, 0]])


def test_one_extreme_pixel_does_not_darken_the_rest() -> None:
    signed = np.ones((40, 40), np.float32)
    signed[0, 0] = 1000
    assert heat(signed).min() == 1


@pytest.mark.parametrize("resize", ["stretch", "center-crop", "pad"])
@pytest.mark.parametrize("box", [None, Box(50, 20, 170, 200)])
@pytest.mark.parametrize("size", [(240, 320), (320, 240)])
def test_a_map_lies_over_the_pixels_that_the_model_saw(
    resize: Resize, box: Box | None, size: tuple[int, int]
) -> None:
    spec = InputSpec(height=48, width=64, resize=resize)
    rng = np.random.default_rng(0)
    for _ in range(4):
        # Inside the region that every resize mode keeps.
        row, column = rng.integers(80, 140), rng.integers(100, 120)
        pixels = np.zeros((*size, 3), np.uint8)
        pixels[row - 6 : row + 7, column - 6 : column + 7] = 255
        region = pixels if box is None else crop(pixels, box)
        attribution = imaging.resize(region, spec)[..., 0].astype(np.float32)
        projected = onto_image(attribution, spec, height=size[0], width=size[1], box=box)
        assert projected.shape == size
        weights = np.nan_to_num(projected)
        rows, columns = np.indices(size)
        assert abs((rows * weights).sum() / weights.sum() - row) < 1
        assert abs((columns * weights).sum() / weights.sum() - column) < 1
        spread = np.sqrt((((rows - row) ** 2) * weights).sum() / weights.sum())
        assert spread < 8


def test_pixels_outside_the_model_input_are_nan() -> None:
    ones = np.ones((32, 32), np.float32)
    whole = onto_image(ones, InputSpec(height=32, width=32), height=90, width=120)
    assert (whole == 1).all()
    box = Box(10, 5, 70, 65)
    boxed = onto_image(ones, InputSpec(height=32, width=32), height=90, width=120, box=box)
    inside = np.zeros((90, 120), bool)
    inside[5:65, 10:70] = True
    np.testing.assert_array_equal(~np.isnan(boxed), inside)
    cropped = InputSpec(height=32, width=32, resize="center-crop")
    centred = onto_image(ones, cropped, height=90, width=120)
    np.testing.assert_array_equal(
        ~np.isnan(centred).any(axis=0), [15 <= x < 105 for x in range(120)]
    )


@pytest.mark.parametrize("colours", COLOURS)
def test_the_colour_maps_are_those_of_matplotlib(colours: Colours) -> None:
    expected = 255 * matplotlib.colormaps[colours](np.arange(256))[:, :3]
    assert np.abs(table(colours) - expected).max() <= 1.5
    assert stops(colours, 2) == [f"#{bytes(table(colours)[at]).hex()}" for at in (0, 255)]


def test_an_overlay_mixes_by_opacity_and_skips_pixels_outside_the_input() -> None:
    pixels = np.full((1, 3, 3), 100, np.uint8)
    warm = np.array([[0, 1, NAN]], np.float32)
    low, high = table("viridis")[[0, 255]].astype(float)
    half = overlay(pixels, warm, 0.5)
    np.testing.assert_allclose(half[0, :2], [(100 + low) / 2, (100 + high) / 2], atol=1)
    np.testing.assert_array_equal(half[0, 2], [100] * 3)
    np.testing.assert_array_equal(overlay(pixels, warm, 0), pixels)
    rgba = layer(warm, "jet")
    np.testing.assert_array_equal(rgba[0, :, 3], [255, 255, 0])
    np.testing.assert_array_equal(rgba[0, :2, :3], table("jet")[[0, 255]])


def test_a_legend_is_drawn_below_the_picture() -> None:
    picture = np.full((200, 150, 3), 9, np.uint8)
    result = with_legend(picture, "nothing for Fake", "most for Fake", "jet")
    np.testing.assert_array_equal(result[:200], picture)
    below = result[200:]
    for colour in table("jet")[[0, 255]]:
        assert (below == colour).all(axis=2).any()
    assert (below < 80).all(axis=2).sum() > 20  # text
    assert np.asarray(Image.open(io.BytesIO(png(result)))).shape == result.shape


def save(folder: Path, spec: InputSpec = SPEC) -> Path:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    logits = patch_network()
    path = folder / "small.keras"
    stack = [keras.Input((HEIGHT, WIDTH, 3)), *logits.layers, layers.Activation("sigmoid")]
    keras.Sequential(stack).save(path)
    card = Card(name="small", sha256=file_sha256(path), input=spec)
    write_card(card, path.with_suffix(".json"))
    return path


def test_an_explanation_covers_the_face_of_the_verdict(tmp_path: Path) -> None:
    explainer = Explainer.load(save(tmp_path))
    pixels = np.full((100, 150, 3), 128, np.uint8)
    pixels[30 : 30 + HEIGHT, 60 : 60 + WIDTH] = patch_image(1).pixels
    box = Box(60, 30, 60 + WIDTH, 30 + HEIGHT)
    batch = imaging.scale(patch_image(1).pixels[None], SPEC)
    explanation = explainer.explain("gradcam", pixels, box)
    assert explanation.log_odds == pytest.approx(explainer.model.values(batch)[0])
    inside = explanation.attribution[30 : 30 + HEIGHT, 60 : 60 + WIDTH]
    np.testing.assert_allclose(inside, explainer.model.gradcam(batch)[0])
    assert np.isnan(explanation.attribution).sum() == 100 * 150 - HEIGHT * WIDTH
    for method, figures in (("integrated-gradients", {"missing"}), ("lime", {"fit"})):
        assert set(explainer.explain(method, pixels, box).figures) == figures  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_command_draws_a_picture(tmp_path: Path, invoke: Run) -> None:
    model, picture, out = save(tmp_path), tmp_path / "p.png", tmp_path / "why.png"
    Image.fromarray(patch_image(1).pixels).save(picture)
    images = []
    for options in (["--colours", "jet"], ["--opacity", 0], ["--method", "occlusion"]):
        result = invoke("explain", picture, "--model", model, "--out", out, *options)
        assert result.exit_code == 0, result.output
        assert "log-odds" in result.output
        images.append(np.asarray(Image.open(out))[:HEIGHT])
    assert images[0].shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(images[1], patch_image(1).pixels)
    assert (images[0] != images[2]).any()


def test_the_command_refuses_with_a_reason(tmp_path: Path, invoke: Run) -> None:
    import keras
    from keras import layers

    picture = tmp_path / "p.png"
    Image.fromarray(patch_image(1).pixels).save(picture)
    flat = [keras.Input((40, 56, 3)), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    keras.Sequential(flat).save(tmp_path / "flat.keras")
    for arguments, reason in (
        ([picture, "--model", tmp_path / "flat.keras"], "no layer with a feature map"),
        ([tmp_path / "no.png", "--model", save(tmp_path)], "No such file"),
        ([picture, "--model", "nothing", "--models", tmp_path], "no model nothing"),
    ):
        result = invoke("explain", *arguments, "--out", tmp_path / "why.png")
        assert result.exit_code == 2
        assert reason in result.output
        assert "Traceback" not in result.output


def test_the_map_of_a_rotated_crop_is_rotated_back() -> None:
    box, spec = Box(20, 10, 80, 70), InputSpec(height=30, width=30)
    pixels = np.zeros((90, 120, 3), np.uint8)
    pixels[60:68, 22:30] = 255
    for turns in range(4):
        attribution = imaging.resize(crop(pixels, box, turns), spec)[..., 0].astype(np.float32)
        projected = onto_image(attribution, spec, height=90, width=120, box=box, turns=turns)
        row, column = np.unravel_index(np.nanargmax(projected), projected.shape)
        assert 60 <= row < 68
        assert 22 <= column < 30
