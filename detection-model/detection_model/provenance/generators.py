"""Recognises image generators in metadata: by source type, name, and their own fields.

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
# Whole words, in fields that name the software.
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
# The Stable Diffusion web UI and its descendants; in JPEG files in EXIF's UserComment.
_PARAMETERS = re.compile(r"\bSteps: \d+, .{0,200}?\b(?:Sampler|CFG scale|Seed): ", re.DOTALL)
_MIDJOURNEY = re.compile(r"\bJob ID: [0-9a-f]{8}-[0-9a-f]{4}-")
_OWN_FIELDS = {
    "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "dream": "InvokeAI",
    "fooocus_scheme": "Fooocus",
}
# Field names in which generators store prompts and settings.
GENERATOR_FIELDS = frozenset(
    (*_OWN_FIELDS, "parameters", "prompt", "workflow", "negative_prompt", "generation_data")
)


def source_type(value: str) -> str:
    """The code of a digital source type, given as a code or as a URL."""
    return value.strip().rstrip("/").rpartition("/")[2]


def extent(value: str) -> Extent | None:
    """Generated part of an image with this digital source type; None: nothing."""
    return _SOURCE_TYPES.get(source_type(value).lower())


def named(text: str) -> str | None:
    """The generator that a text names; None if it names none."""
    match = _NAMES.search(text[:4096])
    return match[0] if match else None


def maker(name: str, text: str) -> str | None:
    """The generator whose settings a field holds, by the field's name and text.

    Recognises the Stable Diffusion web UI and its descendants, SwarmUI, ComfyUI, InvokeAI, NovelAI,
    Fooocus, Midjourney, and the label that Chinese law requires (GB 45438-2025).
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
    """True for a ComfyUI graph, in the API or the editor format."""
    graph = _parsed(text)
    if "nodes" in graph and "links" in graph:
        return True
    return any(isinstance(node, dict) and "class_type" in node for node in graph.values())


def _is_labelled(text: str) -> bool:
    label = _parsed(text)
    inner = label.get("AIGC", label)
    # 1: generated; 2 and 3: possibly or suspected, not declared by the creator.
    return isinstance(inner, dict) and str(inner.get("Label")) == "1"


def _has(text: str, names: Sequence[str]) -> bool:
    return all(name in _parsed(text) for name in names)


def _parsed(text: str) -> dict[str, object]:
    """A JSON object; empty if the text is not one, or is nested too deeply."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
