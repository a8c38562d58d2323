"""Makes the page's example pictures: `python tools/examples.py PORTRAIT [FOLDER]`.

The portrait is `astronaut.png` of scikit-image (`skimage/data/`): Eileen Collins, photographed by
NASA, in the public domain. The other pictures are made from it, and the drawing is drawn here. The
same versions of Pillow and NumPy make the same bytes.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from detection_model import perturb
from detection_model.faces import find_faces
from detection_model.synthesis import training_fakes

FOLDER = Path(__file__).parents[1] / "webapp-frontend/public/examples"
SEED = 0
SMALL_SIDE = 160
THUMBNAIL_SIDE = 96
Pixels = NDArray[np.uint8]
_GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<rdf:Description rdf:about="" Iptc4xmpExt:DigitalSourceType="{_GENERATED}"/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def main(portrait: Path, folder: Path) -> None:
    """Write the pictures as JPEG, each below 60 kB, and their thumbnails as WebP."""
    photo = np.asarray(Image.open(portrait).convert("RGB"))
    face = find_faces(photo)[0]
    small = perturb.resample(photo, (SMALL_SIDE, SMALL_SIDE))
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / "portrait", photo)
    _save(folder / "blended", training_fakes.blend(photo, face, np.random.default_rng(SEED)))
    _save(folder / "lowquality", small, quality=25)
    _save(folder / "drawing", _drawing())
    _save(folder / "credited", photo, xmp=_XMP.encode())


def _save(path: Path, pixels: Pixels, quality: int = 85, xmp: bytes | None = None) -> None:
    image = Image.fromarray(pixels)
    image.save(path.with_suffix(".jpg"), quality=quality, xmp=xmp)
    image.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE)).save(path.with_suffix(".webp"), quality=60)


def _drawing(side: int = 384) -> Pixels:
    """A face of few colours, twice as large and then scaled down for smooth edges."""
    image = Image.new("RGB", (2 * side, 2 * side), (120, 190, 220))
    draw = ImageDraw.Draw(image)

    def ellipse(x: float, y: float, w: float, h: float, fill: str | tuple[int, int, int]) -> None:
        box = [side * (1 + a) for a in (x - w, y - h, x + w, y + h)]
        draw.ellipse(box, fill=fill, outline=(20, 20, 20), width=side // 80)

    ellipse(0, -0.12, 0.62, 0.66, (90, 50, 20))
    ellipse(0, 1.1, 0.9, 0.5, (200, 60, 60))
    ellipse(0, 0, 0.5, 0.62, (255, 219, 172))
    for sign in (-1, 1):
        ellipse(sign * 0.2, -0.08, 0.11, 0.09, "white")
        ellipse(sign * 0.2, -0.08, 0.05, 0.05, (40, 90, 160))
        ellipse(sign * 0.2, -0.26, 0.12, 0.015, (90, 50, 20))
    ellipse(0, 0.12, 0.05, 0.03, (230, 170, 130))
    ellipse(0, 0.34, 0.18, 0.05, (160, 40, 40))
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER)
