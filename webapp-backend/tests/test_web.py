"""The page, the docs and the API's description."""

import json
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from service_factories import ready_client

from app.core.settings import Settings

FRONTEND = Path(__file__).parents[2] / "webapp-frontend"
OPENAPI = FRONTEND / "openapi.json"
NGINX = FRONTEND / "nginx.conf.template"
# The last two: longer than a file's name can be, and a character that no name has.
PAGES = (
    "/",
    "/models",
    "/training",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    f"/{'x' * 300}",
    "/a%00b",
)


def test_the_committed_description_is_current(client: TestClient) -> None:
    committed = json.loads(OPENAPI.read_text())
    assert committed == client.get("/api/openapi.json").json(), "run: make openapi"


def test_the_docs_load_nothing_from_other_hosts(client: TestClient) -> None:
    page = client.get("/api/docs").text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert links
    for link in links:
        assert link.startswith("/api/docs-static/")
        assert client.get(link).status_code == 200
    assert "https://" not in page


def test_the_page_answers_every_path_but_the_apis(settings: Settings) -> None:
    settings.spa_dir.mkdir()
    (settings.spa_dir / "index.html").write_text("<h1>page</h1>")
    (settings.spa_dir / "favicon.svg").write_text("<svg/>")
    (settings.spa_dir.parent / "secret.txt").write_text("secret")
    with ready_client(settings) as client:
        for path in PAGES:
            answer = client.get(path)
            assert answer.text == "<h1>page</h1>"
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            assert "camera=(self)" in answer.headers["permissions-policy"]
        assert client.get("/favicon.svg").text == "<svg/>"
        assert client.get("/api/x").status_code == 404


@pytest.mark.parametrize("header", ["Content-Security-Policy", "Permissions-Policy"])
def test_nginx_sends_the_same_policies_as_the_service(header: str, settings: Settings) -> None:
    settings.spa_dir.mkdir()
    (settings.spa_dir / "index.html").write_text("<h1>page</h1>")
    with ready_client(settings) as client:
        policy = client.get("/").headers[header]
    assert f'add_header {header} "{policy}";' in NGINX.read_text()


def test_without_a_built_page_it_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make run" in answer.text


def test_other_origins_are_refused_unless_named(settings: Settings) -> None:
    origin = {"Origin": "https://example.org"}
    with ready_client(settings) as client:
        answer = client.get("/api/health", headers=origin)
        assert "access-control-allow-origin" not in answer.headers
    named = settings.model_copy(update={"cors_origins": ["https://example.org"]})
    with ready_client(named) as client:
        answer = client.get("/api/health", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://example.org"
