"""How image generators are recognised in metadata: source types, names and their own fields.

Digital source types: IPTC NewsCodes, http://cv.iptc.org/newscodes/digitalsourcetype/.
"""

import json
import re
from collections.abc import Sequence
from typing import Literal

Extent = Literal["whole", "part"]

_SOURCE_TYPES: dict[str, Extent] = {
    "trainedalgorithmicmedia": "whole",
    "algorithmicmedia": "whole",
    "compositewithtrainedalgorithmicmedia": "part",
    "compositesynthetic": "part",
}
# Whole words, in the fields where software signs.
_NAMES = re.compile(
    r"(?i)\b(stable diffusion|comfyui|automatic1111|invokeai|novelai|midjourney|dall[·\-. ]?e|"
    r"adobe firefly|fooocus|draw ?things|swarmui|dreamstudio|nightcafe|ideogram|leonardo\.?ai|"
    r"bing image creator|image creator from designer|craiyon|stylegan\d?|gpt-4o|gpt-image-\d|"
    r"chatgpt|imagen \d|made with google ai|made with ai|imagined with ai|generated (?:by|with) ai|"
    r"ai[- ]generated)(?![a-z])"
)
SOFTWARE_FIELDS = frozenset(
    ("software", "processingsoftware", "creatortool", "originatingprogram", "producer", "credit")
)
# The web UI and its descendants; also written into EXIF's UserComment of JPEG files.
_PARAMETERS = re.compile(r"\bSteps: \d+, .{0,200}?\b(?:Sampler|CFG scale|Seed): ", re.DOTALL)
_MIDJOURNEY = re.compile(r"\bJob ID: [0-9a-f]{8}-[0-9a-f]{4}-")
_OWN_FIELDS = {
    "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "dream": "InvokeAI",
    "fooocus_scheme": "Fooocus",
}
# What the fields of generators are called where their texts are shown.
GENERATOR_FIELDS = frozenset(
    (*_OWN_FIELDS, "parameters", "prompt", "workflow", "negative_prompt", "generation_data")
)


def source_type(value: str) -> str:
    """The code of a digital source type, of its address or alone."""
    return value.strip().rstrip("/").rpartition("/")[2]


def extent(value: str) -> Extent | None:
    """How much of a picture of this digital source type was generated; none: nothing."""
    return _SOURCE_TYPES.get(source_type(value).lower())


def named(text: str) -> str | None:
    """The generator that signs in a text."""
    found = _NAMES.search(text[:4096])
    return found[0] if found else None


def maker(name: str, text: str) -> str | None:
    """The generator whose settings a field holds, by its name and text.

    Knows the Stable Diffusion web UI and its descendants, SwarmUI, ComfyUI, InvokeAI, NovelAI,
    Fooocus, Midjourney, and the label that Chinese law asks for (GB 45438-2025).
    """
    field = name.rpartition(":")[2].lower()
    if field in _OWN_FIELDS:
        return _OWN_FIELDS[field]
    if _PARAMETERS.search(text[:65536]):
        return "Stable Diffusion web UI or a relative"
    if field == "parameters" and '"sui_image_params"' in text:
        return "SwarmUI"
    if field in ("prompt", "workflow") and _is_comfy(text):
        return "ComfyUI"
    if _MIDJOURNEY.search(text[:65536]):
        return "Midjourney"
    if field in ("aigc", "usercomment") and _is_labelled(text):
        return "a label of generated content (AIGC)"
    if field == "comment" and _has(text, ("sampler", "steps", "uc")):
        return "NovelAI"
    return None


def _is_comfy(text: str) -> bool:
    """A graph of nodes: by number with their class, or as the editor keeps it."""
    graph = _parsed(text)
    if "nodes" in graph and "links" in graph:
        return True
    return any(isinstance(node, dict) and "class_type" in node for node in graph.values())


def _is_labelled(text: str) -> bool:
    label = _parsed(text)
    inner = label.get("AIGC", label)
    # 1: generated; 2 and 3: possibly, suspected - no statement of the file's own maker.
    return isinstance(inner, dict) and str(inner.get("Label")) == "1"


def _has(text: str, names: Sequence[str]) -> bool:
    return all(name in _parsed(text) for name in names)


def _parsed(text: str) -> dict[str, object]:
    """A JSON object; empty where the text is none, or nested without end."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
