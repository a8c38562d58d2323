"""CPU time of reading generated files: `python detection-model/benchmarks/reading_files.py`.

One line for each file: its size, and the CPU time of decoding it, of reading its provenance
statement, and of searching for faces where the normal pass detects none.
"""

import io
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from detection_model import imaging
from detection_model.faces.search import search
from detection_model.provenance.read import read_statement

FILES: dict[str, tuple[tuple[int, int], str]] = {
    "JPEG, 512 x 512": ((512, 512), "JPEG"),
    "JPEG, 1024 x 1024": ((1024, 1024), "JPEG"),
    "JPEG, 12 megapixels": ((4000, 3000), "JPEG"),
    "JPEG, 100 megapixels": ((12000, 8333), "JPEG"),
    "PNG, 512 x 512": ((512, 512), "PNG"),
    "PNG, 100 megapixels": ((12000, 8333), "PNG"),
    "HEIC, 12 megapixels": ((4000, 3000), "HEIF"),
}


class Cost(NamedTuple):
    """Bytes of the file, and milliseconds of CPU."""

    size: int
    decode: float
    statement: float
    search: float


def encoded(size: tuple[int, int], format_name: str) -> bytes:
    """A file of smooth colours without metadata."""
    small = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(buffer, format_name)
    return buffer.getvalue()


def cost(data: bytes) -> Cost:
    """Measure one file; the first calls, which load networks, do not count."""
    repeats = 1 if len(data) > 2_000_000 else 20
    picture = imaging.decode(data)
    search(picture.pixels, [])
    return Cost(
        size=len(data),
        decode=_cpu(lambda: imaging.decode(data), repeats),
        statement=_cpu(lambda: read_statement(data), 20),
        search=_cpu(lambda: search(picture.pixels, []), min(repeats, 3)),
    )


def _cpu(work: Callable[[], object], repeats: int) -> float:
    """Median milliseconds of CPU."""
    took = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        took.append((time.process_time() - start) * 1000)
    return statistics.median(took)


def main() -> None:
    """Print a table in Markdown."""
    print("| file | MB | decode, ms | statement, ms | search for faces, ms |")
    print("| --- | --- | --- | --- | --- |")
    for name, (size, format_name) in FILES.items():
        data = encoded(size, format_name)
        it = cost(data)
        print(
            f"| {name} | {it.size / 1e6:.2f} | {it.decode:.1f} | {it.statement:.2f} "
            f"| {it.search:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
