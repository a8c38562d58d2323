"""Images copy only files that .dockerignore sends to the Docker engine."""

import re
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
SENT = [
    PurePosixPath(line[1:])
    for line in (ROOT / ".dockerignore").read_text().splitlines()
    if line.startswith("!")
]


@pytest.mark.parametrize("folder", ["webapp-backend", "detection-model"])
def test_everything_that_an_image_copies_is_sent_and_exists(folder: str) -> None:
    dockerfile = (ROOT / folder / "Dockerfile").read_text()
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    sources = [PurePosixPath(source) for copy in copies for source in copy.split()]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(source.is_relative_to(sent) for sent in SENT), source
