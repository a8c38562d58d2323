"""Whether a model was made for what it is shown: a face, of some size, photographed, as trained on.

Cheap rules on uint8 RGB (h, w, 3) with NumPy and Pillow alone.
"""

from detection_model.card import Card
from detection_model.inference.crops import Crop
from detection_model.inference.ood.distance import squared_distance
from detection_model.inference.ood.drawing import is_drawing
from detection_model.inference.ood.measures import measure
from detection_model.inference.verdict import Reason

__all__ = ["out_of_distribution"]

# Pixels of a face's longer side; BlazeFace's own input shows faces little smaller.
_SMALLEST_FACE = 40
# Standard deviation of luminance, of 255: what is left of an empty wall, saved as JPEG.
_LEAST_CONTRAST = 3.0


def out_of_distribution(crop: Crop, face_margin: float, card: Card) -> list[Reason]:
    """Why a model made for faces was not made for this; empty where it was."""
    found = []
    if crop.face is not None and crop.face.side < _SMALLEST_FACE:
        text = (
            f"the face is {crop.face.side:.0f} pixels large; at least {_SMALLEST_FACE} are needed"
        )
        found.append(Reason(code="tiny_face", message=text))
    pixels = crop.pixels(face_margin)
    if measure(pixels, ("contrast",))[0] < _LEAST_CONTRAST:
        text = "there is nothing to see: nearly all of it has one brightness"
        return [*found, Reason(code="featureless", message=text)]
    if is_drawing(pixels):
        text = "it looks drawn: few colours in flat areas with hard edges"
        found.append(Reason(code="drawing", message=text))
    if card.scope is not None and squared_distance(pixels, card.scope) > card.scope.limit:
        text = "it is far from the pictures that the model was trained on, in light and detail"
        found.append(Reason(code="far_from_training", message=text))
    return found
