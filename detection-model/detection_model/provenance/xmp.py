"""XMP packets as names and texts: ISO 16684-1. Needs defusedxml."""

from collections.abc import Iterator

from defusedxml.ElementTree import fromstring

# Photographs' packets have some kilobytes; histories of editing have some hundred.
MOST_BYTES = 1024 * 1024
_MOST = 300
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
# Scaffolding: what stands in it belongs to the property around it.
_FRAME = (_RDF, "{adobe:ns:meta/}", "{http://www.w3.org/XML/1998/namespace}")
_PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
}
Pair = tuple[str, str]


def read_xmp(packet: bytes) -> Iterator[Pair]:
    """Properties with their texts, about 300 at most; of lists and structures each part by itself.

    Only the main packet of a JPEG file is read, not what is laid out in further segments.

    Raises:
        ValueError: too large, not well-formed, or with a document type, which XMP must not have
            and with which entities could grow without end.
    """
    if len(packet) > MOST_BYTES:
        raise ValueError(f"the packet has more than {MOST_BYTES // 1024} KB")
    try:
        root = fromstring(packet.strip(b"\0 \r\n\t"), forbid_dtd=True)
    except SyntaxError as error:
        raise ValueError(f"not well-formed: {error}") from None
    pairs = 0
    # No recursion: a packet may be nested a hundred thousand deep.
    waiting = [(root, "")]
    while waiting and pairs < _MOST:
        element, owner = waiting.pop()
        if not element.tag.startswith(_FRAME):
            owner = _name(element.tag)
        for name, value in _values(element.attrib, element.text, owner):
            yield name, value
            pairs += 1
        waiting += [(child, owner) for child in reversed(element)]


def _values(attributes: dict[str, str], text: str | None, owner: str) -> Iterator[Pair]:
    """A property is written as an attribute, as a resource or as text."""
    for name, value in attributes.items():
        if name == f"{_RDF}resource":
            yield owner, value
        elif not name.startswith(_FRAME):
            yield _name(name), value
    if text and text.strip():
        yield owner, text.strip()


def _name(tag: str) -> str:
    """`{http://purl.org/dc/elements/1.1/}creator` as `dc:creator`."""
    space, brace, local = tag.lstrip("{").rpartition("}")
    return f"{_PREFIXES.get(space, 'other')}:{local}" if brace else local
