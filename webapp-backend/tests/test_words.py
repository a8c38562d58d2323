"""The page's English says the same as the library's texts in commands and reports."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from detection_model.forensics.common import TEXTS, ViewId
from detection_model.provenance.record import (
    CLAIM_TEXTS,
    EARLIER_TEXT,
    SIGNATURE_TEXTS,
    STATE_TEXTS,
    TRUST_TEXTS,
)


@pytest.fixture(scope="module")
def english() -> Any:
    (path,) = (Path(__file__).parents[2] / "webapp-frontend" / "src").rglob("en.json")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("view", get_args(ViewId))
def test_forensic_views(english: Any, view: ViewId) -> None:
    text = TEXTS[view]._asdict()
    assert {name: english["forensics"][view][name] for name in text} == text


def test_provenance(english: Any) -> None:
    words = english["provenance"]
    assert words["statement"] == CLAIM_TEXTS
    assert words["earlier"] == EARLIER_TEXT
    assert words["trust"] == {trust: text for trust, text in TRUST_TEXTS.items() if text}
    assert words["credentials"]["state"] == STATE_TEXTS
    signatures = words["claim"]["signature"]
    assert {state: signatures[state] for state in STATE_TEXTS} == SIGNATURE_TEXTS
