"""IPTC's older binary fields (Information Interchange Model 4.2) as names and texts."""

from collections.abc import Iterator

from PIL import Image, IptcImagePlugin

_MOST = 200
_NAMES = {
    5: "ObjectName",
    25: "Keywords",
    40: "SpecialInstructions",
    55: "DateCreated",
    60: "TimeCreated",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    80: "By-line",
    85: "By-lineTitle",
    90: "City",
    92: "Sub-location",
    95: "Province-State",
    101: "Country-PrimaryLocationName",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    118: "Contact",
    120: "Caption-Abstract",
    122: "Writer-Editor",
}
Pair = tuple[str, str]


def read_iptc(image: Image.Image) -> Iterator[Pair]:
    """Fields of the application record.

    Raises:
        Exception: whatever Pillow makes of a broken record.
    """
    found = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    for (record, number), value in list(found.items())[:_MOST]:
        if record == 2:
            for one in value if isinstance(value, list) else [value]:
                yield _NAMES.get(number, f"2:{number}"), bytes(one).decode("utf-8", "replace")
