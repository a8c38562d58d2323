"""Misspelt parameters, fields and paths are refused with the right spelling, never ignored."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_factories import picture, predict

PICTURE = picture(200)


def refused(answer: Any, status: int, code: str) -> str:
    body = answer.json()
    assert (answer.status_code, body["success"], body["error"]) == (status, False, code), body
    return str(body["message"])


def test_a_misspelt_parameter_is_refused_with_the_right_one(client: TestClient) -> None:
    message = refused(predict(client, PICTURE, treshold=0.9), 422, "unknown_parameter")
    assert message == "Unknown parameter 'treshold'; did you mean 'threshold'?"


@pytest.mark.parametrize(
    ("method", "path", "suggestion"),
    [
        ("POST", "/api/predict?Model=bright", "model"),
        ("POST", "/api/explain?methd=gradcam", "method"),
        ("POST", "/api/forensics?veiw=noise", "view"),
        ("POST", "/api/provenance?personnal=true", "personal"),
        ("POST", "/api/report?fromat=html", "format"),
        ("POST", "/api/cases?thresold=0.5", "threshold"),
        ("POST", "/api/jobs?modles=all", "models"),
        ("GET", "/api/jobs?limt=3", "limit"),
        ("GET", "/api/history?predicton=Fake", "prediction"),
        ("DELETE", "/api/history?modell=bright", "model"),
        ("GET", "/api/compare?model=bright", "models"),
    ],
)
def test_every_route_knows_its_parameters(
    client: TestClient, method: str, path: str, suggestion: str
) -> None:
    message = refused(client.request(method, path), 422, "unknown_parameter")
    assert f"did you mean '{suggestion}'?" in message


@pytest.mark.parametrize("path", ["/api/models", "/api/runs", "/api/config"])
def test_a_route_without_parameters_refuses_any(client: TestClient, path: str) -> None:
    message = refused(client.get(path, params={"x": 1}), 422, "unknown_parameter")
    assert message == "Unknown parameter 'x'; this route has none."


def test_a_filter_with_a_misspelt_name_deletes_nothing(client: TestClient) -> None:
    before = client.get("/api/history").json()["total"]
    assert predict(client, PICTURE).status_code == 200
    refused(client.delete("/api/history", params={"serch": "x"}), 422, "unknown_parameter")
    client.delete("/api/history", params={"search": "no such file"})
    assert client.get("/api/history").json()["total"] >= before


def test_a_parameter_that_resembles_none_gets_the_list(client: TestClient) -> None:
    message = refused(predict(client, PICTURE, zoom=3), 422, "unknown_parameter")
    assert "threshold" in message
    assert "did you mean" not in message


def test_probes_may_add_parameters_to_the_health_routes(client: TestClient) -> None:
    assert client.get("/api/health?probe=1").status_code == 200
    assert client.get("/api/ready?probe=1").status_code == 200


@pytest.mark.parametrize(
    ("route", "field", "suggestion"),
    [
        ("predict", "imgae", "image"),
        ("predict", "File", "file"),
        ("jobs", "archiv", "archive"),
        ("cases", "img", "image"),
    ],
)
def test_a_misspelt_form_field_is_refused_with_the_right_one(
    client: TestClient, route: str, field: str, suggestion: str
) -> None:
    answer = client.post(f"/api/{route}", files={field: ("a.png", PICTURE)})
    message = refused(answer, 422, "unknown_field")
    assert message == f"Unknown field '{field}'; did you mean '{suggestion}'?"


def test_a_field_that_a_case_does_not_have_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/api/cases",
        files={"image": ("a.png", PICTURE)},
        data={"really": "real", "keep_pictures": "true"},
    )
    assert "did you mean 'keep_picture'?" in refused(answer, 422, "unknown_field")


def test_a_parameter_sent_as_a_form_field_is_not_ignored(client: TestClient) -> None:
    answer = client.post(
        "/api/predict", files={"image": ("a.png", PICTURE)}, data={"threshold": "0.9"}
    )
    message = refused(answer, 422, "unknown_field")
    assert message == "Give 'threshold' in the address (?threshold=...), not as a form field."


def test_a_misspelt_field_of_a_json_body_is_refused(client: TestClient) -> None:
    answer = client.patch("/api/models/bright", json={"treshold": 0.9})
    message = refused(answer, 422, "unknown_field")
    assert message == "Unknown field 'treshold'; did you mean 'threshold'?"
    answer = client.put("/api/models/active", json={"nmae": "dark"})
    assert "did you mean 'name'?" in refused(answer, 422, "unknown_field")


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("GET", "/api", ""),
        ("GET", "/api/nothing", ""),
        ("POST", "/api/predicts", "did you mean /api/predict?"),
        ("POST", "/api/predict/", "leave out the slash"),
        ("GET", "/api/models/", "leave out the slash"),
        ("POST", "/api/v1/predict", ""),
        ("POST", "/predict", "did you mean /api/predict?"),
        ("PUT", "/api/models/active/", "leave out the slash"),
    ],
)
def test_a_wrong_path_is_a_404_that_points_to_the_docs(
    client: TestClient, method: str, path: str, hint: str
) -> None:
    answer = client.request(method, path, follow_redirects=False)
    message = refused(answer, 404, "not_found")
    assert message.startswith(f"There is nothing at {path}")
    assert hint in message
    assert message.endswith("/api/docs.")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/predict", {"POST"}),
        ("DELETE", "/api/models", {"GET"}),
        ("POST", "/api/history", {"GET", "DELETE"}),
        ("PUT", "/api/jobs", {"GET", "POST"}),
        ("POST", "/api/models/bright", {"GET", "PATCH"}),
        ("POST", "/api/health", {"GET"}),
    ],
)
def test_a_wrong_method_is_a_405_with_the_right_ones(
    client: TestClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.request(method, path)
    message = refused(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert all(name in message for name in allowed)


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"PK\x05\x06"])
@pytest.mark.parametrize("route", ["predict", "report", "provenance", "explain"])
def test_a_zip_sent_as_a_picture_is_pointed_to_jobs(
    client: TestClient, route: str, start: bytes
) -> None:
    answer = client.post(f"/api/{route}", files={"image": ("a.zip", start + bytes(60))})
    message = refused(answer, 415, "unsupported_format")
    assert "ZIP archive" in message
    assert "/api/jobs" in message
