"""Accuracy of the double-compression hint on the pictures of a folder.

    python detection-model/benchmarks/double_compression.py FOLDER [pictures]

Each picture is first shrunk to three quarters, which takes the traces of its own file away; then
it is saved once at each quality, or twice. Prints the share of hints: false alarms in the first
table, hits in the second (but for the same quality twice, which leaves nothing to find).
"""

import io
import random
import sys
from pathlib import Path

from PIL import Image

from detection_model import imaging
from detection_model.forensics.jpeg import DoubleCompression, double_compression

QUALITIES = (50, 60, 75, 85, 90, 95)


def saved(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def hint(data: bytes) -> bool:
    numbers = double_compression(data, imaging.decode(data).pixels).numbers
    assert isinstance(numbers, DoubleCompression)
    return numbers.hint


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".jpg", ".png"}]
    sample = random.Random(0).sample(files, min(count, len(files)))
    pictures = []
    for path in sample:
        image = Image.fromarray(imaging.decode(path.read_bytes()).pixels)
        size = (image.width * 3 // 4, image.height * 3 // 4)
        pictures.append(image.resize(size, Image.Resampling.LANCZOS))
    print(f"{len(pictures)} pictures of {folder.name}\n\n| saved once | hints |\n| --- | --- |")
    for quality in QUALITIES:
        hints = [hint(saved(picture, quality)) for picture in pictures]
        print(f"| {quality} | {sum(hints) / len(hints):.0%} |")
    heads = " | ".join(f"then {quality}" for quality in QUALITIES)
    print(f"\n| first | {heads} |\n| --- |{' --- |' * len(QUALITIES)}")
    for first in QUALITIES:
        once = [Image.open(io.BytesIO(saved(picture, first))) for picture in pictures]
        shares = []
        for second in QUALITIES:
            hints = [hint(saved(picture, second)) for picture in once]
            shares.append(f"{sum(hints) / len(hints):.0%}")
        print(f"| {first} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
