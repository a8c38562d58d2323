"""What a forensic view is: pictures, numbers, and two sentences on what they mean."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import BaseModel

from detection_model.data.audit.measures import Bytes

ViewId = Literal["error_level", "noise", "spectrum", "jpeg", "double_compression", "colours"]


@dataclass(frozen=True)
class View:
    """One way to look at a picture.

    Each of `images` is uint8, (height, width) grey or (height, width, 3) RGB, upright; none where
    the view does not apply to this kind of file. `numbers` say what their levels mean.
    """

    id: ViewId
    images: dict[str, Bytes]
    numbers: BaseModel


class Text(NamedTuple):
    """A heading and two sentences: what one sees, and what it does not prove.

    English; their keys for a translation are forensics.<id>.title, .shows and .limits.
    """

    title: str
    shows: str
    limits: str


TEXTS: dict[ViewId, Text] = {
    "error_level": Text(
        "Error level",
        "Brightness is how much each point changes when the picture is saved once more as JPEG: "
        "parts that were compressed differently before stand out from what surrounds them.",
        "Edges, fine texture and strong colours are bright in honest pictures too, and a "
        "generated picture that was saved once is even all over, so neither bright nor even "
        "areas prove anything.",
    ),
    "noise": Text(
        "Noise residual",
        "The picture less a smoothed copy of itself leaves grain and fine edges: a part with "
        "another grain than the rest may come from another picture or be retouched.",
        "Focus, light, denoising in the camera and JPEG change the grain from place to place in "
        "honest photographs as well, so uneven grain does not prove an edit.",
    ),
    "spectrum": Text(
        "Frequency spectrum",
        "Slow changes lie in the middle and fine detail at the rim: single bright points or a "
        "grid of them are regular patterns such as up-sampling in a generator leaves, and beside "
        "them stand the averages of real and generated training pictures.",
        "JPEG blocks, scaling, screens and woven cloth make such points too, many generators "
        "leave none, and likeness to one of the averages is not evidence.",
    ),
    "jpeg": Text(
        "JPEG compression",
        "The tables tell how coarsely each frequency was stored, and whether the usual libjpeg "
        "settings made them or a camera's or editor's own.",
        "They describe only the last time the picture was saved, which any messenger, web site "
        "or editor does anew.",
    ),
    "double_compression": Text(
        "Double compression",
        "Gaps or waves at regular distances in how often the frequencies' values occur show that "
        "the picture was stored as JPEG before, with other settings.",
        "Nearly every picture from the web was saved more than once, and the same settings "
        "twice, a crop or a resize in between mostly leave no trace, so neither finding tells an "
        "edited picture from an untouched one.",
    ),
    "colours": Text(
        "Colour histograms",
        "How often each level of red, green and blue occurs: a comb of missing levels comes from "
        "stretched contrast, and a heap at an end from over- or underexposure.",
        "Filters, tone curves and every camera shape these curves, so no shape is peculiar to "
        "generated or edited pictures.",
    ),
}
