"""GET /api/config: the limits that a client must respect."""

from service_factories import ready_client

from app.core.settings import Settings


def test_the_limits_are_those_of_the_settings(settings: Settings) -> None:
    changed = settings.model_copy(
        update={"max_upload_bytes": 1234567, "max_archive_files": 7, "history": False}
    )
    with ready_client(changed) as client:
        answer = client.get("/api/config")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "success": True,
        "history": False,
        "max_upload_bytes": 1234567,
        "max_pixels": settings.max_pixels,
        "min_side": settings.min_side,
        "max_archive_bytes": settings.max_archive_bytes,
        "max_archive_files": 7,
    }
