"""Draws the page's icons for home screens from the shapes of public/favicon.svg.

.venv/bin/python tools/icons.py
"""

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parents[1] / "webapp-frontend" / "public" / "icons"
GROUND, REAL, FAKE = "#1c2733", "#6fb1ff", "#ff9a45"
OVERSAMPLING = 8
# Side, and whether the system cuts the shape out itself: then the ground fills the square.
ICONS = {
    "icon-192.png": (192, False),
    "icon-512.png": (512, False),
    "icon-maskable-512.png": (512, True),
    "apple-touch-icon.png": (180, True),
}


def icon(side: int, full: bool) -> Image.Image:
    """The mark on its ground, RGBA, `side` pixels wide and high."""
    large = side * OVERSAMPLING
    image = Image.new("RGBA", (large, large))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, large - 1, large - 1), 0 if full else large / 4, GROUND)
    # The disc has a radius of 10 of 32, which lies within the 40 % that masks leave.
    disc = (large * 6 / 32, large * 6 / 32, large * 26 / 32 - 1, large * 26 / 32 - 1)
    draw.pieslice(disc, 90, 270, REAL)
    draw.pieslice(disc, -90, 90, FAKE)
    return image.resize((side, side), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, (side, full) in ICONS.items():
        icon(side, full).save(FOLDER / name, optimize=True)
