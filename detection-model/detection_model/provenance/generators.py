"""Recognises image generators in metadata: by source type, name, and their own fields.

Digital source types: IPTC NewsCodes, http://cv.iptc.org/newscodes/digitalsourcetype/. Names and
layouts come from `generators.toml`.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

Extent = Literal["whole", "part"]

_SOURCE_TYPES: dict[str, Extent] = {
    "trainedalgorithmicmedia": "whole",
    "algorithmicmedia": "whole",
    "compositewithtrainedalgorithmicmedia": "part",
    "compositesynthetic": "part",
    # Labels of the same concepts, which some programs write instead of the code.
    "createdusinggenerativeai": "whole",
    "generatedusingai": "whole",
    "purealgorithmicmedia": "whole",
    "editedusinggenerativeai": "part",
    "compositewithgenerativeai": "part",
    "compositeincludinggenerativeaielements": "part",
    "compositewithelementsgeneratedbyai": "part",
}
_CAPTURES = frozenset(
    (
        *("digitalcapture", "computationalcapture", "negativefilm", "positivefilm", "print"),
        # Labels, earlier ones too.
        *("digitalcapturesampledfromreallife", "originaldigitalcapturesampledfromreallife"),
        *("originaldigitalcaptureofareallifescene", "digitizedfromanontransparentmedium"),
        "multiframecomputationalcapturesampledfromreallife",
        *("digitizedfromatransparentnegative", "digitizedfromatransparentpositive"),
        *("digitisedfromatransparentnegative", "digitisedfromatransparentpositive"),
        "digitisedfromanontransparentmedium",
    )
)
_SOURCE_TYPE_FIELDS = frozenset(("digitalsourcetype", "digitalsourcefiletype"))
SOFTWARE_FIELDS = frozenset(
    ("software", "processingsoftware", "creatortool", "originatingprogram", "producer")
)
_CREDIT_FIELDS = SOFTWARE_FIELDS | {"credit", "source"}
# IPTC Photo Metadata 2025.1.
AI_FIELDS = frozenset(
    ("aisystemused", "aisystemversionused", "aipromptinformation", "aipromptwritername")
)
# Field names in which generators store prompts and settings.
_PROMPT_FIELDS = frozenset(
    (
        *("parameters", "prompt", "workflow", "negative_prompt", "generation_data"),
        *("aipromptinformation", "aisystemused", "aisystemversionused"),
    )
)
_NEGATION = re.compile(r"(?i)\b(?:not?|none|non|n/?a|without|never|free|kein|sans)\b")
# A whole text that says that there is none; a prompt may contain "no" or "without".
_NONE = re.compile(
    r"(?i)\s*(?:-|n/?a|none|no(?: ai| prompt)?|without ai|not (?:used|applicable))?\.?\s*"
)
# A version, and a remark in parentheses, may follow a program's name.
_VERSION = r"(?:[ ,;:/_-]*v?\d[\w.+-]*)?(?: ?\([^()]{0,60}\))?"
# Far more than a settings text needs; longer prompts precede the settings.
_MAX_SEARCH = 65536
_MAX_KEYS = 200


class Generator(BaseModel):
    """An entry of `generators.toml`, which documents the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    extent: Extent = "whole"
    software: tuple[str, ...] = ()
    credit: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    layout: tuple[str, ...] = ()
    together: dict[str, str] = {}


class Match(NamedTuple):
    """A generator that a field names: its name, the words that say so, and how much it made."""

    name: str | None
    says: str
    extent: Extent


@cache
def generators() -> tuple[Generator, ...]:
    """All entries of `generators.toml`.

    Raises:
        ValueError: the file has an unknown key or value.
    """
    text = files(__package__).joinpath("generators.toml").read_text("utf-8")
    return tuple(Generator(**entry) for entry in tomllib.loads(text)["generators"])


Kind = Literal["software", "credit", "layout"]


@cache
def _patterns(kind: Kind) -> list[tuple[re.Pattern[str], Generator]]:
    ending = _VERSION if kind == "software" else ""
    return [
        (re.compile(f"(?is)(?:{pattern}){ending}"), generator)
        for generator in generators()
        for pattern in getattr(generator, kind)
    ]


@cache
def _own_fields() -> dict[str, Generator]:
    return {field: generator for generator in generators() for field in generator.fields}


def source_type(value: str) -> str:
    """The code of a digital source type, given as a code, CURIE, label or URL."""
    code = re.split(r"[?]", value.strip())[0].rstrip("/# ")
    return re.split(r"[/#:]", code)[-1].strip()


def _code(value: str) -> str:
    return re.sub(r"[\W_]+", "", source_type(value)).lower()


def extent(value: str) -> Extent | None:
    """Generated part of an image with this digital source type; None: nothing."""
    return _SOURCE_TYPES.get(_code(value))


def is_capture(value: str) -> bool:
    """True for a digital source type of photographs."""
    return _code(value) in _CAPTURES


def is_source_type(name: str) -> bool:
    """True for a field that holds a digital source type, under any prefix."""
    return re.split(r"[:.]", name)[-1].lower() in _SOURCE_TYPE_FIELDS


def local_name(name: str) -> str:
    """A field's name in lower case, without its prefix."""
    return name.rpartition(":")[2].lower()


def is_none(text: str) -> bool:
    """True for an empty text, and for "none", "No AI", "N/A" and the like."""
    return bool(_NONE.fullmatch(text[:200]))


def named(text: str, *, credit: bool = False) -> Match | None:
    """The generator that a software field or a credit line names; None if it names none."""
    text = text.strip()[:200]
    if _NEGATION.search(text):
        return None
    patterns = _patterns("credit") if credit else _patterns("software") + _patterns("credit")
    for pattern, generator in patterns:
        if pattern.fullmatch(text):
            return Match(generator.name or None, text, generator.extent)
    return None


def recognise(name: str, text: str) -> Match | None:
    """The generator that a field names or whose settings it holds; None if there is none."""
    field = local_name(name)
    if field in _CREDIT_FIELDS and (match := named(text, credit=field not in SOFTWARE_FIELDS)):
        return match
    return settings(name, text)


def settings(name: str, text: str) -> Match | None:
    """The generator whose settings a field holds, by the field's name and text.

    Besides the entries of `generators.toml`: graphs of ComfyUI, and the label that Chinese law
    requires (GB 45438-2025).
    """
    field = local_name(name)
    if generator := _own_fields().get(field):
        return Match(generator.name, generator.name, generator.extent)
    if match := _json_settings(field, text):
        return match
    for pattern, generator in _patterns("layout"):
        if pattern.search(text[:_MAX_SEARCH]):
            return Match(generator.name, generator.name, generator.extent)
    return None


def _json_settings(field: str, text: str) -> Match | None:
    value = _parsed(text)
    if not value:
        return None
    # Some nodes write {"prompt": {…}, "workflow": {…}}.
    inner = [value.get(name) for name in ("prompt", "workflow")]
    if any(_is_comfy(graph) for graph in (value, *inner) if isinstance(graph, dict)):
        return Match("ComfyUI", "ComfyUI", "whole")
    label = value.get("AIGC", value)
    # 1: generated; 2 and 3: possibly or suspected, not declared by the creator.
    number = label.get("Label") if isinstance(label, dict) else None
    if field in ("aigc", "usercomment") and str(number) == "1":
        return Match(None, "a label of generated content (AIGC)", "whole")
    return by_keys(value)


def by_keys(names: Iterable[str]) -> Match | None:
    """The generator that writes fields of these names together."""
    present = {name.lower() for name in islice(names, _MAX_KEYS)}
    for generator in generators():
        if any(present.issuperset(keys) for keys in generator.keys):
            return Match(generator.name, generator.name, generator.extent)
    return None


def by_fields(values: Mapping[str, str]) -> Iterator[tuple[str, Match]]:
    """Generators whose fields match together, with the first of these fields.

    Args:
        values: texts of fields, by their names in lower case.
    """
    for generator in generators():
        matched = [
            re.fullmatch(pattern, values.get(field, ""), re.IGNORECASE)
            for field, pattern in generator.together.items()
        ]
        if matched and all(matched):
            field = next(iter(generator.together))
            yield field, Match(generator.name, generator.name, generator.extent)


def is_settings_field(name: str) -> bool:
    """True for a field in which generators store prompts and settings."""
    return local_name(name) in _PROMPT_FIELDS or local_name(name) in _own_fields()


def _is_comfy(graph: dict[str, object]) -> bool:
    """True for a ComfyUI graph, in the API or the editor format."""
    if isinstance(graph.get("nodes"), list) and isinstance(graph.get("links"), list):
        return "last_node_id" in graph or "last_link_id" in graph
    nodes = [node for node in graph.values() if isinstance(node, dict)]
    return any("class_type" in node and "inputs" in node for node in nodes)


def _parsed(text: str) -> dict[str, object]:
    """A JSON object; empty if the text is not one, or is nested too deeply."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
