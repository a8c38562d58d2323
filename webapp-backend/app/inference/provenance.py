"""What an uploaded file says about its origin: a line for verdicts, and the whole record."""

import logging
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from detection_model.provenance.read import read_provenance, read_statement
from detection_model.provenance.record import Provenance, Statement

log = logging.getLogger(__name__)

_NO_LIST = "The service's list of trusted signers cannot be read, so no signer is trusted."


class TrustedRecord(NamedTuple):
    """A provenance record, and whether a list of trusted signers was used."""

    provenance: Provenance
    trust_list: bool


def statement_of(data: bytes, trust_list: Path | None) -> Statement:
    """What an uploaded file says about its origin, in one line; blocks for about a millisecond.

    Args:
        data: the file.
        trust_list: PEM file with certificates of trusted signers.
    """
    anchors, _ = _anchors(trust_list)
    try:
        return read_statement(data, anchors=anchors)
    except ValueError as error:
        if anchors is None:  # not the list's fault
            raise
        log.error("TRUST_ANCHORS: %s", error)
        return read_statement(data)


def provenance_of(data: bytes, trust_list: Path | None, *, personal: bool = False) -> TrustedRecord:
    """Read what an uploaded file says about its origin; blocks.

    Args:
        data: the file.
        trust_list: PEM file with certificates of trusted signers.
        personal: include places, names, serial numbers and comments.
    """
    anchors, problems = _anchors(trust_list)
    try:
        provenance = read_provenance(data, personal=personal, anchors=anchors)
    except ValueError as error:
        if anchors is None:  # not the list's fault
            raise
        log.error("TRUST_ANCHORS: %s", error)
        anchors, problems = None, [_NO_LIST]
        provenance = read_provenance(data, personal=personal)
    provenance = provenance.model_copy(update={"problems": [*provenance.problems, *problems]})
    return TrustedRecord(provenance, anchors is not None)


def _anchors(path: Path | None) -> tuple[str | None, list[str]]:
    """The trusted certificates and problems; looked up each time, so that the list may change."""
    if path is None:
        return None, []
    try:
        return _read(path, path.stat().st_mtime_ns), []
    except (OSError, UnicodeDecodeError) as error:
        log.error("TRUST_ANCHORS: %s", getattr(error, "strerror", None) or "not a text file")
        return None, [_NO_LIST]


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int) -> str:
    return path.read_text(encoding="utf-8")
