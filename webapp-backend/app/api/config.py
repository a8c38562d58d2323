"""Public configuration: limits and options of this service."""

from fastapi import APIRouter, Response

from app.api.deps import ServiceDep
from app.schemas.config import ServiceConfig

router = APIRouter(prefix="/api", tags=["config"])


@router.get("/config", operation_id="get_config")
async def get_config(service: ServiceDep, response: Response) -> ServiceConfig:
    """Limits on uploads, and whether verdicts are kept."""
    response.headers["Cache-Control"] = "no-store"
    settings = service.settings
    return ServiceConfig(
        history=settings.history,
        max_upload_bytes=settings.max_upload_bytes,
        max_pixels=settings.max_pixels,
        min_side=settings.min_side,
        max_archive_bytes=settings.max_archive_bytes,
        max_archive_files=settings.max_archive_files,
    )
