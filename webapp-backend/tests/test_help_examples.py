"""The examples of the help page run as they stand."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from server import Server
from service_factories import PATIENCE, brightness_model, card_for, picture

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "webapp-frontend" / "src" / "features" / "help" / "examples"
# The page puts its own address in this one's place (features/help/examples.ts).
ADDRESS = "http://localhost:8000"
INTERPRETERS = {".sh": "bash", ".py": sys.executable}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    try:
        card_for(brightness_model(running.models / "bright.keras"))
        running.until(lambda: running.answers("bright"))
        yield running
    finally:
        running.client.close()
        running.process.terminate()
        running.process.wait()


@pytest.mark.parametrize("example", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_an_example_prints_a_verdict(example: Path, server: Server, tmp_path: Path) -> None:
    if example.suffix == ".sh" and not shutil.which("curl"):
        pytest.skip("no curl here")
    (tmp_path / "portrait.jpg").write_bytes(picture(255, format_="JPEG"))
    text = example.read_text()
    assert ADDRESS in text
    address = str(server.client.base_url).rstrip("/")
    script = tmp_path / example.name
    script.write_text(text.replace(ADDRESS, address))
    run = subprocess.run(
        [INTERPRETERS[example.suffix], script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    assert "bright" in run.stdout
    # The model calls a white picture fake: as text, as JSON or in a table.
    assert re.search(r'bright: fake|"verdict": ?"fake"|,bright,fake,', run.stdout)
