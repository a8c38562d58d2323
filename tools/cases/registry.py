"""The kinds of cases, each with a function that checks one case folder."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Check:
    """A comparison: `what` names the file and the question."""

    what: str
    expected: str
    got: str


# Checks the files of one case folder.
Kind = Callable[[Path], Iterable[Check]]

KINDS: dict[str, Kind] = {}


def kind(*prefixes: str) -> Callable[[Kind], Kind]:
    """Register a function for the case folders whose names start with one of these prefixes."""

    def register(function: Kind) -> Kind:
        KINDS.update(dict.fromkeys(prefixes, function))
        return function

    return register


def kind_of(case: Path) -> Kind | None:
    """The function with the longest prefix of the folder's name; None if there is none."""
    matching = [prefix for prefix in KINDS if case.name.startswith(prefix)]
    return KINDS[max(matching, key=len)] if matching else None


def files(case: Path) -> Iterator[Path]:
    """The files of a case in the order of their names, without its description."""
    for file in sorted(case.rglob("*")):
        if file.is_file() and file.name != "case.md":
            yield file
