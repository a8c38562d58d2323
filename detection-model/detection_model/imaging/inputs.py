"""Pixels to model inputs, as the model's card says."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from detection_model.card import InputSpec


def to_input(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Convert an image to a model's input.

    Args:
        pixels: uint8 RGB (height, width, 3), values 0 to 255.
        spec: the input part of the model's card.

    Returns:
        float32 (spec.height, spec.width, 3) in the card's range and channel order.
    """
    return scale(resize(pixels, spec), spec)


def resize(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Resize uint8 RGB to (spec.height, spec.width, 3), antialiased, by the card's method."""
    height, width = pixels.shape[:2]
    if (height, width) == (spec.height, spec.width):
        return pixels
    image = Image.fromarray(pixels)
    size = (spec.width, spec.height)
    method = resampling(spec)
    match spec.resize:
        case "center-crop":
            resized = ImageOps.fit(image, size, method)
        case "pad":
            resized = ImageOps.pad(image, size, method)
        case "stretch":
            resized = image.resize(size, method)
    return np.asarray(resized)


def resampling(spec: InputSpec) -> Image.Resampling:
    """Pillow's constant for the card's resize filter."""
    return Image.Resampling[spec.filter.upper()]


def scale(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Convert uint8 RGB of any shape (..., 3) to the card's range and channel order, as float32."""
    low, high = spec.value_range
    values: NDArray[np.float32] = pixels.astype(np.float32)
    if (low, high) != (0, 255):
        values = (values * ((high - low) / 255) + low).astype(np.float32)
    if spec.mean is not None:
        values = np.subtract(values, spec.mean, dtype=np.float32)
    if spec.std is not None:
        values = np.divide(values, spec.std, dtype=np.float32)
    if spec.channels == "BGR":
        values = values[..., ::-1]
    return np.ascontiguousarray(values)
