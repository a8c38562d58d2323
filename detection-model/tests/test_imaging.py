"""Decoding bytes to pictures: accepted formats, conversion and refusals."""

import contextlib
import io
import resource
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from detection_model.card import InputSpec
from detection_model.imaging import ImageError, Limits, decode, resize, scale, to_input

SPEC = InputSpec(height=64, width=48)


def encoded(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def portrait(mode: str = "RGB", size: tuple[int, int] = (60, 80)) -> Image.Image:
    ramp = np.linspace(0, 255, size[0] * size[1] * 3).reshape(size[1], size[0], 3)
    return Image.fromarray(ramp.astype(np.uint8)).convert(mode)


def chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def png_header(width: int, height: int) -> bytes:
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + chunk(b"IDAT", zlib.compress(b"\0" * 1000))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF"])
def test_every_format_is_recognised_by_its_content(format_: str) -> None:
    picture = decode(encoded(portrait(), format_))
    assert picture.format == format_
    assert picture.pixels.dtype == np.uint8
    assert (picture.width, picture.height) == (60, 80)


def test_the_first_frame_of_an_animation_is_decoded() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    red, green, blue = decode(data).pixels[20, 20].tolist()
    assert red > 250
    assert (green, blue) == (0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = portrait()
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = decode(encoded(stored, "PNG", exif=exif)).pixels
    assert np.array_equal(result, np.asarray(upright))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    image = portrait(mode)
    format_ = "TIFF" if mode == "CMYK" else "PNG"
    result = decode(encoded(image, format_)).pixels
    assert result.shape == (80, 60, 3)
    assert np.abs(result.astype(int) - np.asarray(image.convert("RGB")).astype(int)).max() <= 1


def test_transparency_is_composited_on_white() -> None:
    image = Image.new("RGBA", (40, 40), (200, 0, 0, 0))
    assert (decode(encoded(image)).pixels == 255).all()


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_sixteen_bit_greyscale_keeps_its_brightness(format_: str) -> None:
    values = np.linspace(0, 65535, 40 * 40).reshape(40, 40).astype(np.uint16)
    result = decode(encoded(Image.fromarray(values), format_)).pixels
    assert np.abs(result[..., 0].astype(float) - values / 257).max() <= 1


def test_a_phones_multi_picture_jpeg_is_a_jpeg() -> None:
    data = encoded(portrait(), "MPO", save_all=True, append_images=[portrait()])
    assert decode(data).format == "JPEG"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"just some words", "unsupported_format"),
        (b"%PDF-1.7 and so on", "unsupported_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "corrupt_image"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 40, "corrupt_image"),
        (encoded(portrait(size=(31, 200))), "image_too_small"),
        (png_header(12_000, 12_000), "too_many_pixels"),
        (png_header(60_000, 60_000), "too_many_pixels"),
        (png_header(100, 100), "truncated_image"),
        (b"x" * (30 * 1024 * 1024 + 1), "file_too_large"),
    ],
)
def test_a_refusal_has_a_code_and_a_sentence(data: bytes, code: str) -> None:
    with pytest.raises(ImageError) as error:
        decode(data)
    assert error.value.code == code
    assert error.value.message.endswith(".")
    assert "Traceback" not in error.value.message


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF"])
def test_a_truncated_file_is_refused(format_: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3)).astype(np.uint8)
    data = encoded(Image.fromarray(noise), format_)
    with pytest.raises(ImageError) as error:
        decode(data[: len(data) // 2])
    assert error.value.code in ("truncated_image", "corrupt_image")


def test_a_decompression_bomb_is_refused_before_memory_is_allocated() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError):
        decode(png_header(12_000, 12_000))  # 432 MB once decoded
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_the_limits_can_be_changed() -> None:
    data = encoded(portrait())
    with pytest.raises(ImageError, match="at most 0 megapixels"):
        decode(data, Limits(max_pixels=1000))
    assert decode(encoded(portrait(size=(8, 8))), Limits(min_side=4)).width == 8


@settings(max_examples=300)
@given(
    st.sampled_from(["JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF"]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12),
)
def test_damaged_files_are_decoded_or_refused(
    format_: str, damage: list[tuple[float, int]]
) -> None:
    data = bytearray(encoded(portrait(size=(40, 40)), format_))
    for where, value in damage:
        data[int(where * len(data))] = value
    with contextlib.suppress(ImageError):  # the only error that is allowed
        assert decode(bytes(data)).pixels.shape[2] == 3


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        decode(data)


@given(
    st.tuples(st.integers(32, 300), st.integers(32, 300)),
    st.sampled_from(["stretch", "center-crop", "pad"]),
    st.sampled_from([(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)]),
)
@settings(max_examples=50)
def test_inputs_have_the_cards_shape_and_range(
    size: tuple[int, int], mode: str, value_range: tuple[float, float]
) -> None:
    spec = InputSpec(height=64, width=48, resize=mode, value_range=value_range)
    result = to_input(np.asarray(portrait(size=size)), spec)
    assert result.shape == (64, 48, 3)
    assert result.dtype == np.float32
    assert result.min() >= value_range[0] - 1e-6
    assert result.max() <= value_range[1] + 1e-6


def test_mean_std_and_channel_order_are_applied() -> None:
    spec = InputSpec(
        height=1,
        width=1,
        value_range=(0, 1),
        mean=(0.5, 0.25, 0.0),
        std=(0.5, 1.0, 2.0),
        channels="BGR",
    )
    result = scale(np.array([[[255, 0, 255]]], np.uint8), spec)
    assert result[0, 0].tolist() == pytest.approx([0.5, -0.25, 1.0])


def test_a_picture_of_the_right_size_is_not_resized() -> None:
    pixels = np.asarray(portrait(size=(48, 64)))
    assert resize(pixels, SPEC) is pixels


def test_shrinking_is_antialiased() -> None:
    checker = (np.indices((640, 480)).sum(axis=0) % 2 * 255).astype(np.uint8)
    result = resize(np.repeat(checker[..., None], 3, axis=2), SPEC)
    assert np.abs(result.astype(int) - 127).max() <= 2
