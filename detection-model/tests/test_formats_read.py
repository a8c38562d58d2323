"""Real-world files: which are decoded, with which notes, and which are refused by name."""

import contextlib
import io
import struct
import subprocess
import sys
import zlib
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from detection_model.forensics import view
from detection_model.forensics.common import ViewId
from detection_model.headers import read_container
from detection_model.imaging import ImageError, Limits, decode, tiff, without_faults
from detection_model.imaging.decoding import FULL_SIZE
from detection_model.imaging.frames import count_frames
from detection_model.provenance.read import read_provenance

Bytes = NDArray[np.uint8]


def picture(size: tuple[int, int] = (120, 90)) -> Image.Image:
    """An ellipse on a ground of another colour."""
    image = Image.new("RGB", size, (200, 150, 120))
    draw = ImageDraw.Draw(image)
    draw.ellipse((size[0] // 4, size[1] // 8, size[0] * 3 // 4, size[1] * 7 // 8), (60, 90, 160))
    return image


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def codes(data: bytes) -> list[str]:
    return [note.code for note in decode(data).notes]


def distance(data: bytes, image: Image.Image) -> float:
    """Mean absolute difference of the decoded picture and an image, of 255."""
    return float(np.abs(decode(data).pixels.astype(int) - np.asarray(image).astype(int)).mean())


@pytest.mark.parametrize(("format_", "name"), [("HEIF", "HEIC"), ("AVIF", "AVIF")])
def test_formats_of_phones_and_web_sites_are_decoded(format_: str, name: str) -> None:
    data = encoded(picture(), format_, quality=90)
    assert decode(data).format == name
    assert codes(data) == []
    assert distance(data, picture()) < 4


def test_the_main_picture_of_several_is_decoded() -> None:
    data = encoded(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (120, 90))])
    assert codes(data) == ["several_pictures"]
    assert distance(data, picture()) < 4


def png_with_long_text() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", "x" * 1_500_000, zip=True)
    return encoded(picture(), "PNG", pnginfo=texts)


UNUSUAL = {
    "HEIC": encoded(picture(), "HEIF"),
    "AVIF": encoded(picture(), "AVIF"),
    "MPO": encoded(picture(), "MPO", save_all=True, append_images=[picture()]),
    "JPEG without end": encoded(picture(), "JPEG")[:-1],
    "PNG with a packed text": png_with_long_text(),
}


@pytest.mark.parametrize("kind", list(UNUSUAL))
@pytest.mark.parametrize("name", get_args(ViewId))
def test_every_forensic_view_accepts_unusual_files(kind: str, name: ViewId) -> None:
    result = view(name, UNUSUAL[kind], decode(UNUSUAL[kind]).pixels)
    assert result.id == name


@pytest.mark.parametrize("kind", list(UNUSUAL))
def test_headers_and_statements_of_unusual_files_are_read(kind: str) -> None:
    assert (read_container(UNUSUAL[kind]).width, read_container(UNUSUAL[kind]).height) == (120, 90)
    assert read_provenance(UNUSUAL[kind]).says_generated is False


@pytest.mark.parametrize("cut", [1, 2])
def test_a_jpeg_without_its_end_marker_is_decoded(cut: int) -> None:
    whole = encoded(picture(), "JPEG")
    assert codes(whole[:-cut]) == ["missing_end"]
    assert np.array_equal(decode(whole[:-cut]).pixels, decode(whole).pixels)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_with_missing_pixels_is_refused(progressive: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    whole = encoded(Image.fromarray(noise), "JPEG", progressive=progressive)
    for length in (len(whole) * 9 // 10, len(whole) - 20):
        with pytest.raises(ImageError) as error:
            decode(whole[:length])
        assert error.value.code == "truncated_image"


@pytest.mark.parametrize("format_", ["WEBP", "HEIF", "AVIF"])
def test_a_truncated_file_is_called_incomplete(format_: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    whole = encoded(Image.fromarray(noise), format_)
    with pytest.raises(ImageError) as error:
        decode(whole[: len(whole) * 9 // 10])
    assert error.value.code == "truncated_image"


def test_a_png_with_a_wrong_checksum_is_decoded() -> None:
    whole = encoded(picture(), "PNG")
    # The checksums of header and pixels precede the next chunk.
    for end in (whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4):
        data = bytearray(whole)
        data[end - 1] ^= 255
        assert codes(bytes(data)) == ["bad_checksum"]
        assert distance(bytes(data), picture()) == 0


def png_with_pixels_checksum(image: Image.Image, change: int) -> bytes:
    """A PNG file of one IDAT chunk whose own checksum is right, but not that of its pixels."""
    whole = encoded(image, "PNG")
    start, end = whole.index(b"IDAT"), whole.index(b"IEND") - 4
    body = whole[start : end - 5] + bytes([whole[end - 5] ^ change])
    return whole[:start] + body + struct.pack(">I", zlib.crc32(body)) + whole[end:]


def test_a_png_with_a_wrong_checksum_of_its_pixels_is_decoded() -> None:
    data = png_with_pixels_checksum(picture(), 1)
    assert codes(data) == ["bad_checksum"]
    assert distance(data, picture()) == 0
    assert codes(png_with_pixels_checksum(picture(), 0)) == []


def test_a_png_that_unpacks_to_more_than_its_pixels_is_not_repaired() -> None:
    """A few megabytes could otherwise keep a thread busy with gigabytes of zeros."""
    whole = png_with_pixels_checksum(picture(), 1)
    start, end = whole.index(b"IDAT"), whole.index(b"IEND") - 4
    body = b"IDAT" + zlib.compress(bytes(2 * 1024**2))[:-4] + b"\0\0\0\0"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = whole[: start - 4] + chunk + whole[end:]
    assert without_faults(data) == data


def test_a_png_with_damaged_pixels_is_refused() -> None:
    data = bytearray(png_with_pixels_checksum(picture(), 1))
    data[data.index(b"IDAT") + 40] ^= 255
    with pytest.raises(ImageError):
        decode(bytes(data))


@pytest.mark.parametrize("packed", [False, True])
def test_a_png_with_long_texts_is_decoded(packed: bool) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", "x" * 1_500_000, zip=packed)
    data = encoded(picture(), "PNG", pnginfo=texts)
    assert codes(data) == ["long_text"]
    assert distance(data, picture()) == 0


def directory(tags: dict[int, tuple[int, int, int]], offset: int = 8) -> bytes:
    """A TIFF file of one directory without pixels: tag to (type, count, value)."""
    entries = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", offset, len(tags)) + entries + b"\0\0\0\0"


RAW = {
    "DNG": directory({50706: (1, 4, 0x01040000)}),
    "CR2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(40),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40),
    "RAF": b"FUJIFILMCCD-RAW 0201" + bytes(40),
    "ORF": b"IIRO\x08\0\0\0" + bytes(40),
    "RW2": b"IIU\0\x18\0\0\0" + bytes(40),
}


@pytest.mark.parametrize("kind", list(RAW))
def test_camera_raw_is_refused_by_name_with_advice(kind: str) -> None:
    with pytest.raises(ImageError) as error:
        decode(RAW[kind])
    assert error.value.code == "unsupported_format"
    assert kind in error.value.message
    assert "Export it as JPEG" in error.value.message


def test_a_raw_file_is_not_decoded_from_its_thumbnail() -> None:
    """NEF and ARW files begin with a small picture that Pillow would decode."""
    buffer = io.BytesIO()
    tags = {271: "NIKON CORPORATION", 254: 1, 330: 8}
    picture().save(buffer, "TIFF", tiffinfo=tags)
    with pytest.raises(ImageError, match="Nikon camera raw"):
        decode(buffer.getvalue())


def test_an_ordinary_tiff_of_a_camera_maker_is_decoded() -> None:
    data = encoded(picture(), "TIFF", tiffinfo={271: "NIKON CORPORATION"})
    assert codes(data) == []


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"Rar!\x1a\x07\x01\0" + bytes(40), "RAR"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "7z"),
        (b"PK\x03\x04" + bytes(40), "batch job"),
        (b'{"prompt": "a face"}', "JSON"),
        (b"\0\0\2" + bytes(40), "TGA"),
        (b"P6\n4 4\n255\n" + bytes(48), "PPM"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>404", "web page"),
        ("\ufeff<svg xmlns='x'/>".encode("utf-16-le"), "SVG"),
        (b"data:image/png;base64,AAAA", "data: address"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (bytes(5000), "zero bytes"),
        (b"\0\0\0\x18ftypisom" + bytes(40), "video"),
        (b"\0\0\0\x18ftypmif2" + bytes(40), "HEIF"),
        (b"\0\0\0\x18ftypxxxx\0\0\0\0mif1heic" + bytes(40), "HEIF"),
        (b"\0\0\0\x18ftypmiaf" + bytes(40), "HEIF"),
    ],
)
def test_files_that_are_not_pictures_are_named(data: bytes, word: str) -> None:
    with pytest.raises(ImageError) as error:
        decode(data)
    assert error.value.code == "unsupported_format"
    assert word in error.value.message


def test_an_unsupported_tiff_is_named_by_its_samples() -> None:
    half_float = directory(
        {
            256: (3, 1, 40),
            257: (3, 1, 40),
            258: (3, 1, 16),
            262: (3, 1, 1),
            273: (4, 1, 200),
            277: (3, 1, 1),
            279: (4, 1, 3200),
            339: (3, 1, 3),
        }
    )
    with pytest.raises(ImageError, match="16-bit float"):
        decode(half_float + bytes(4000))


def test_deep_channels_in_planes_are_refused() -> None:
    """Pillow reads the planes of 16-bit channels as 8-bit pixels of another picture."""
    image = picture((40, 40))
    planes = np.moveaxis(np.asarray(image), 2, 0).astype("<u2") * 257
    at = 8 + 2 + 9 * 12 + 4
    bits, offsets, counts = at, at + 6, at + 18
    tags = {
        256: (3, 1, 40),
        257: (3, 1, 40),
        258: (3, 3, bits),
        262: (3, 1, 2),
        273: (4, 3, offsets),
        277: (3, 1, 3),
        278: (3, 1, 40),
        279: (4, 3, counts),
        284: (3, 1, 2),
    }
    pixels = at + 30
    tail = struct.pack("<3H", 16, 16, 16)
    tail += struct.pack("<3I", *(pixels + 3200 * plane for plane in range(3)))
    tail += struct.pack("<3I", 3200, 3200, 3200)
    with pytest.raises(ImageError, match="3 x 16-bit, in planes"):
        decode(directory(tags) + tail + planes.tobytes())


def test_deep_samples_that_count_from_white_are_not_negative() -> None:
    grey = np.asarray(picture().convert("L"))
    values = 65535 - grey.astype(np.uint16) * 257
    data = encoded(Image.fromarray(values), "TIFF", tiffinfo={262: 0})
    whole = bytearray(data)
    at = whole.index(struct.pack("<HHI", 262, 3, 1)) + 8
    whole[at] = 0  # Pillow writes its own value
    assert distance(bytes(whole), picture().convert("L").convert("RGB")) < 1


def test_float_samples_are_scaled_with_a_note() -> None:
    values = np.linspace(-1, 3, 60 * 60, dtype=np.float32).reshape(60, 60)
    data = encoded(Image.fromarray(values), "TIFF")
    assert codes(data) == ["float_samples"]
    pixels = decode(data).pixels
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_nan_and_infinite_samples_are_ignored() -> None:
    values = np.linspace(0, 1, 60 * 60, dtype=np.float32).reshape(60, 60)
    values[5, 5], values[6, 6], values[7, 7] = np.nan, np.inf, -np.inf
    pixels = decode(encoded(Image.fromarray(values), "TIFF")).pixels
    assert 100 < pixels.mean() < 155


def frames(format_: str, *images: Image.Image) -> bytes:
    return encoded(images[0], format_, save_all=True, append_images=list(images[1:]), lossless=True)


WHITE = Image.new("RGB", (120, 90), "white")


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_with_content_is_decoded(format_: str) -> None:
    faint = Image.blend(WHITE, picture(), 0.05)
    data = frames(format_, WHITE, faint, picture(), Image.new("RGB", (120, 90), "black"))
    (note,) = decode(data).notes
    assert note.code == "animation"
    assert note.message.startswith("Frame 3 of 4")
    assert note.values == {"place": 3, "count": 4, "more": 0, "skipped": 1}
    assert distance(data, picture()) < 4
    (note,) = decode(frames(format_, picture(), WHITE)).notes
    assert note.message == "Frame 1 of 2 was judged."


def test_the_first_page_with_content_is_decoded() -> None:
    data = encoded(WHITE, "TIFF", save_all=True, append_images=[picture()])
    (note,) = decode(data).notes
    assert (note.code, note.message[:11]) == ("pages", "Page 2 of 2")
    assert distance(data, picture()) == 0


def test_the_frames_of_a_gif_are_counted_without_decoding() -> None:
    images = [Image.new("RGB", (40, 40), (step, 0, 0)) for step in range(0, 250, 25)]
    assert count_frames(frames("GIF", *images), 1000) == 10
    assert count_frames(frames("GIF", *images), 4) == 4


@given(st.binary(max_size=400))
def test_header_readers_survive_any_bytes(data: bytes) -> None:
    assert count_frames(b"GIF89a" + data, 100) <= 100
    for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        assert len(list(tiff.read_directories(start + data))) <= 1000
        assert isinstance(tiff.raw_kind(start + data), str)
        assert isinstance(tiff.samples(start + data), str)
        assert tiff.page_indices(start + data)


def test_a_cycle_of_directories_ends() -> None:
    loop = b"II*\0" + struct.pack("<IHI", 8, 0, 8)
    assert len(list(tiff.read_directories(loop))) == 1


@settings(max_examples=100)
@given(
    st.sampled_from(["HEIF", "AVIF"]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_phone_photos_are_decoded_or_refused(
    format_: str, damage: list[tuple[float, int]]
) -> None:
    data = bytearray(SMALL[format_])
    for where, value in damage:
        data[int(where * len(data))] = value
    with contextlib.suppress(ImageError):  # the only error that is allowed
        assert decode(bytes(data)).pixels.shape[2] == 3


SMALL = {name: encoded(picture((48, 48)), name) for name in ("HEIF", "AVIF")}


def profile(
    red: tuple[float, float], green: tuple[float, float], blue: tuple[float, float]
) -> bytes:
    """An ICC profile with these primaries (x, y), D50 white, and gamma 2.2, written by hand."""

    def s15(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    white = np.array([0.9642, 1.0, 0.8249])
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in (red, green, blue)]).T
    columns = columns * np.linalg.solve(columns, white)
    xyz = [b"XYZ \0\0\0\0" + b"".join(s15(v) for v in column) for column in columns.T]
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    named = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(78)
    named += bytes(-len(named) % 4)
    text = b"text\0\0\0\0none\0\0\0\0"
    parts = {
        b"desc": named,
        b"cprt": text,
        b"wtpt": b"XYZ \0\0\0\0" + b"".join(s15(v) for v in white),
        b"rXYZ": xyz[0],
        b"gXYZ": xyz[1],
        b"bXYZ": xyz[2],
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(parts)), b""
    start = 128 + 4 + 12 * len(parts)
    for name, part in parts.items():
        table += name + struct.pack(">II", start + len(body), len(part))
        body += part
    head = struct.pack(">I", start + len(body)) + b"lcms" + struct.pack(">I", 0x02400000)
    head += b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += b"".join(s15(v) for v in white)
    return head.ljust(128, b"\0") + table + body


RED, GREEN, BLUE = (0.6485, 0.3309), (0.3212, 0.5979), (0.1559, 0.0660)
WIDE_GREEN = (0.2302, 0.7016)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP", "HEIF"])
def test_swapped_primaries_are_swapped_back(format_: str) -> None:
    swapped = Image.merge("RGB", picture().split()[::-1])
    data = encoded(swapped, format_, icc_profile=profile(BLUE, GREEN, RED), quality=95)
    assert codes(data) == ["colour_profile"]
    assert distance(data, picture()) < 8
    assert distance(encoded(swapped, format_, quality=95), picture()) > 30


def test_a_wide_profile_makes_colours_stronger() -> None:
    green = Image.new("RGB", (40, 40), (60, 200, 60))
    data = encoded(green, "PNG", icc_profile=profile(RED, WIDE_GREEN, BLUE))
    red, value, blue = decode(data).pixels[20, 20].tolist()
    assert red < 40
    assert value >= 200
    (note,) = decode(data).notes
    assert note.message == "The colours were converted from Test to sRGB."
    assert note.values == {"profile": "Test"}
    assert blue < 80


def test_pixels_with_an_srgb_profile_are_left_alone() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    data = encoded(Image.fromarray(noise), "PNG", icc_profile=srgb)
    assert codes(data) == []
    assert np.array_equal(decode(data).pixels, noise)


@pytest.mark.parametrize("broken", [b"not a profile", bytes(5_000_000)])
def test_a_broken_profile_is_ignored_with_a_note(broken: bytes) -> None:
    data = encoded(picture(), "TIFF", icc_profile=broken)
    assert codes(data) == ["broken_colour_profile"]
    assert distance(data, picture()) == 0


def test_a_profile_keeps_transparency() -> None:
    image = picture().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    data = encoded(image, "PNG", icc_profile=profile(BLUE, GREEN, RED))
    assert codes(data) == ["fully_transparent", "colour_profile"]
    assert (decode(data).pixels == 255).all()


def test_transparency_is_noted_where_there_is_some() -> None:
    image = picture().convert("RGBA")
    assert codes(encoded(image, "PNG")) == []
    image.putpixel((3, 3), (0, 0, 0, 100))
    assert codes(encoded(image, "PNG")) == ["transparency"]


def test_the_empty_alpha_of_an_old_bitmap_means_opaque() -> None:
    image = picture().convert("RGBA")
    image.putalpha(0)
    data = encoded(image, "BMP")
    assert codes(data) == []
    assert distance(data, picture()) == 0


def test_lab_pixels_are_converted() -> None:
    lab = ImageCms.profileToProfile(
        picture(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    assert distance(encoded(lab, "TIFF"), picture()) < 3


def black_png(width: int, height: int, colour_type: int, depth: int) -> bytes:
    """A PNG of one colour, made without its pixels in memory."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    channels = {0: 1, 2: 3, 6: 4}[colour_type]
    packer, row = zlib.compressobj(1), bytes(1 + width * channels * depth // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def test_a_very_large_picture_is_reduced_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detection_model.imaging.decoding.FULL_SIZE", 120 * 90 - 1)
    exif = Image.Exif()
    exif[0x0112] = 6
    for format_ in ("PNG", "JPEG"):
        result = decode(encoded(picture(), format_, exif=exif, quality=95))
        assert result.pixels.shape == (60, 45, 3)
        (note,) = result.notes
        assert note.code == "reduced"
        assert "90 x 120" in note.message
        assert "45 x 60" in note.message
        assert note.values == {"from_width": 90, "from_height": 120, "width": 45, "height": 60}
        upright = (
            picture().transpose(Image.Transpose.ROTATE_270).resize((45, 60), Image.Resampling.BOX)
        )
        assert np.abs(result.pixels.astype(int) - np.asarray(upright).astype(int)).mean() < 4


@pytest.mark.slow
@pytest.mark.parametrize(("colour_type", "depth"), [(2, 8), (6, 8), (0, 16)])
def test_the_largest_picture_stays_within_the_stated_memory(colour_type: int, depth: int) -> None:
    data = black_png(10_000, 10_000, colour_type, depth)
    assert len(data) < Limits.max_bytes
    script = (
        "import resource, sys\n"
        "from detection_model.imaging import decode\n"
        "data = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "picture = decode(data)\n"
        "used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(used // 1024, picture.width, picture.height)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], input=data, capture_output=True, check=True
    )
    megabytes, width, height = (int(word) for word in run.stdout.split())
    assert (width, height) == (5000, 5000)
    assert width * height <= FULL_SIZE
    assert megabytes < 700
