"""Pixels of any colour mode to 8-bit sRGB: profiles, depth, transparency.

Profiles are applied by LittleCMS; a profile that changes nothing leaves the pixels untouched.
"""

import io
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from detection_model.imaging.picture import ImageError, Note

# A printer's profile has 2 MB; more is not a profile that a picture needs.
_MAX_PROFILE = 4 * 1024**2
# Largest change of a level, of 255, by which a profile still counts as sRGB: rounding.
_SAME = 2
# The TIFF tag that says what a sample of 0 means.
_PHOTOMETRIC = 262
_LEVELS = (0, 32, 64, 96, 128, 160, 192, 224, 255)
# Colour spaces of profiles by the mode of the pixels they describe.
_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


@dataclass
class Converter:
    """Converts an image, whole or in strips, to RGB; `notes` tell what was done.

    Args:
        image: loaded. Its extreme values are those that strips are scaled by.
    """

    image: Image.Image
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        image = self.image
        self._scale = _scale_of(image)
        if image.mode == "F":
            text = (
                f"The file holds floating-point brightness from {self._scale[0]:.4g} to "
                f"{self._scale[1]:.4g}; it was scaled to black and white."
            )
            self.notes.append(Note(code="float_samples", message=text))
        self._is_transparent = image.has_transparency_data and not _has_unused_alpha(image)
        self._is_negative = _is_negative(image)
        self._alpha = (255, 0)
        self._profile = image.info.get("icc_profile") or b""
        self._profile_state = ""

    def to_rgb(self, part: Image.Image) -> Image.Image:
        """A strip of the image, or all of it, as RGB.

        Raises:
            ImageError: a colour mode that cannot be converted.
        """
        if part.mode.startswith("I") or part.mode == "F":
            part = _to_8_bit(part, *self._scale)
            if self._is_negative:
                part = ImageOps.invert(part)
        if part.mode in ("P", "PA", "1", "LA", "La"):
            has_alpha = self._is_transparent or part.mode in ("PA", "LA", "La")
            part = part.convert("RGBA" if has_alpha else "L" if part.mode == "1" else "RGB")
        if self._is_transparent:
            part = part.convert("RGBA")
            low, high = _extremes(part, 3)
            self._alpha = int(min(self._alpha[0], low)), int(max(self._alpha[1], high))
        part = self._to_srgb(part)
        if self._is_transparent:
            part = Image.alpha_composite(Image.new("RGBA", part.size, "white"), part)
        if part.mode == "RGB":
            return part
        try:
            return part.convert("RGB")
        except ValueError:
            raise ImageError(
                "unsupported_format",
                f"The picture's colour mode ({part.mode}) is not supported. Save it as RGB.",
            ) from None

    def finish(self) -> list[Note]:
        """All notes, once every strip is converted."""
        low, high = self._alpha
        if self._is_transparent and high == 0:
            text = "The picture is fully transparent: there is nothing to see but white."
            self.notes.append(Note(code="fully_transparent", message=text))
        elif self._is_transparent and low < 255:
            text = "Transparent parts of the picture were blended with white."
            self.notes.append(Note(code="transparency", message=text))
        if self._profile_state == "applied":
            name = _profile_name(self._profile)
            text = f"The colours were converted from {name} to sRGB."
            self.notes.append(Note(code="colour_profile", message=text, values={"profile": name}))
        elif self._profile_state == "broken":
            text = "The colour profile of the file is damaged and was ignored."
            self.notes.append(Note(code="broken_colour_profile", message=text))
        return self.notes

    def _to_srgb(self, part: Image.Image) -> Image.Image:
        transform: ImageCms.ImageCmsTransform | None
        if part.mode == "LAB":
            transform = _lab_transform()
        elif self._profile:
            mode = {"RGBA": "RGB", "RGBX": "RGB"}.get(part.mode, part.mode)
            transform, self._profile_state = _transform(self._profile, mode)
        else:
            return part
        if transform is None:
            return part
        if part.mode != "RGBA":
            return transform.apply(part.convert("RGB") if part.mode == "RGBX" else part)
        colours = transform.apply(part.convert("RGB"))
        colours.putalpha(part.getchannel("A"))
        return colours


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """The conversion to sRGB, and its state: applied, same, unfitting or broken.

    None for a profile that changes no colour, or is of no use.
    """
    if mode not in _SPACES:
        return None, "unfitting"
    if len(profile) > _MAX_PROFILE:
        return None, "broken"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[mode]:
            return None, "unfitting"
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        grid = _grid(mode)
        before, after = grid.convert("RGB"), transform.apply(grid)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None, "broken"
    difference = np.abs(np.asarray(before, np.int16) - np.asarray(after, np.int16)).max()
    if mode != "CMYK" and difference <= _SAME:
        return None, "same"
    return transform, "applied"


def _grid(mode: str) -> Image.Image:
    """One row of colours that cover the range of a mode."""
    channels = {"L": 1, "RGB": 3, "CMYK": 4}[mode]
    levels = np.asarray(_LEVELS, np.uint8)
    mesh = np.meshgrid(*[levels] * channels, indexing="ij")
    values = np.stack([axis.ravel() for axis in mesh], axis=-1)
    return Image.frombytes(mode, (len(values), 1), values.tobytes())


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _profile_name(profile: bytes) -> str:
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        name = ""
    printable = "".join(character for character in name if character.isprintable()).strip()
    return printable[:60] or "the file's own colour profile"


def _has_unused_alpha(image: Image.Image) -> bool:
    """True for a BMP file whose fourth channel is empty: old tools leave it so."""
    return image.format == "BMP" and image.mode == "RGBA" and _extremes(image, 3) == (0, 0)


def _is_negative(image: Image.Image) -> bool:
    """True for TIFF samples that count from white; Pillow inverts those of up to 8 bits itself."""
    tags = getattr(image, "tag_v2", {})
    return image.format == "TIFF" and tags.get(_PHOTOMETRIC) == 0


def _scale_of(image: Image.Image) -> tuple[float, float]:
    """The values of black and white of deep or float samples."""
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    if image.mode not in ("I", "F"):
        return 0.0, 255.0
    low, high = _extremes(image)
    if not np.isfinite((low, high)).all():
        finite = np.asarray(image)
        finite = finite[np.isfinite(finite)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if image.mode == "F" or high > 65535 or low < 0:
        return low, high
    return 0.0, 65535.0 if high > 255 else 255.0


def _extremes(image: Image.Image, channel: int = 0) -> tuple[float, float]:
    """The least and the largest value of a channel."""
    extremes: list[Any] = [image.getextrema()] if channel == 0 else list(image.getextrema())
    low, high = extremes[channel]
    return float(low), float(high)


def _to_8_bit(image: Image.Image, low: float, high: float) -> Image.Image:
    """Scale values between black and white to 0 to 255; Pillow would clip at 255."""
    values: NDArray[np.float32] = np.nan_to_num(np.asarray(image, np.float32), posinf=high)
    scaled = (np.clip(values, low, high) - low) * np.float32(255 / (high - low or 1))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
