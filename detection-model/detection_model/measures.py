"""Pixel statistics: brightness, sharpness, spectra and perceptual hashes. Pure functions."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Images are measured at about the input size of a network, so that the figures do not depend on
# the size of the file.
SIDE = 256
# ITU-R BT.601
_LUMA = np.asarray([0.299, 0.587, 0.114], np.float32)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def to_grey(pixels: Bytes) -> Floats:
    """Luma of uint8 RGB (n, h, w, 3): float32 (n, h, w) in [0, 255]."""
    return pixels.astype(np.float32) @ _LUMA


def channels(pixels: Bytes) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each channel of uint8 RGB (n, h, w, 3): (n, 3) each."""
    # Histograms of 256 levels are exact, and ten times as fast as a pass over the pixels.
    counts = np.asarray([Image.fromarray(picture).histogram() for picture in pixels]).reshape(
        -1, 3, 256
    )
    shares = counts / counts.sum(axis=2, keepdims=True)
    levels = np.arange(256)
    mean = shares @ levels
    deviation = np.sqrt(np.maximum(0, shares @ levels**2 - mean**2))
    return mean.astype(np.float32), deviation.astype(np.float32)


def brightness(grey: Floats) -> Floats:
    """Mean of each grey picture (n, h, w): (n,) in [0, 255]."""
    return np.asarray(grey.mean(axis=(1, 2)), np.float32)


def contrast(grey: Floats) -> Floats:
    """Standard deviation of each grey picture (n, h, w): (n,) in [0, 127.5]."""
    return np.asarray(grey.std(axis=(1, 2)), np.float32)


def sharpness(grey: Floats) -> Floats:
    """Variance of the Laplacian of each grey picture (n, h, w): (n,), 0 where all is flat.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy" (2000).
    """
    return np.asarray(_laplacian(grey).var(axis=(1, 2)), np.float32)


def log_spectra(grey: Floats) -> Floats:
    """Log amplitudes of each picture: (n, h, w) to the same, zero frequency centred.

    Computed from the Laplacian under a Hann window, which suppresses the scene. Up-sampling
    appears as bright points at regular frequencies (Zhang et al., "Detecting and Simulating
    Artifacts in GAN Fake Images", 2019).
    """
    from scipy import fft

    # Pads the border that the Laplacian lacks: powers of two are fastest.
    amplitudes = np.abs(fft.fft2(windowed_laplacian(grey), s=grey.shape[1:]))
    return np.asarray(fft.fftshift(np.log1p(amplitudes), axes=(1, 2)), np.float32)


def windowed_laplacian(grey: Floats) -> Floats:
    """The Laplacian under a Hann window: (n, h, w) to float32 (n, h - 2, w - 2)."""
    residual = _laplacian(grey)
    height, width = residual.shape[1:]
    window = np.hanning(height)[:, None] * np.hanning(width)
    return residual * window.astype(np.float32)


def radial_profile(spectrum: Floats) -> Floats:
    """Mean of a centred square spectrum (n, n) over rings: (n // 2,), from zero to Nyquist.

    Durall et al., "Watch your Up-Convolution" (CVPR 2020): generators do not reproduce how the
    spectrum of natural images falls off at high frequencies.
    """
    side = len(spectrum)
    rows, columns = np.indices(spectrum.shape) - side // 2
    ring = np.hypot(rows, columns).astype(int).ravel()
    sums = np.bincount(ring, spectrum.ravel())
    return np.asarray(sums / np.bincount(ring), np.float32)[: side // 2]


def perceptual_hashes(grey: Floats) -> Bytes:
    """256 bits per image, similar for images that look alike: (n, 256, 256) to uint8 (n, 32).

    Signs of the 16 x 16 lowest cosine frequencies against their median: pHash (Zauner,
    "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010) with four times
    its bits, since 64 do not keep aligned faces apart.
    """
    from scipy import fft

    count, side, _ = grey.shape
    small = grey.reshape(count, 64, side // 64, 64, side // 64).mean(axis=(2, 4))
    low = fft.dctn(small, axes=(1, 2))[:, :16, :16].reshape(count, -1)
    return np.packbits(low > np.median(low, axis=1, keepdims=True), axis=1)


def _laplacian(grey: Floats) -> Floats:
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return around - 4 * grey[:, 1:-1, 1:-1]
