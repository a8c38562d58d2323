"""The public configuration of a service."""

from pydantic import Field

from app.schemas.base import Answer


class ServiceConfig(Answer):
    """Limits on uploads, and whether verdicts are kept."""

    history: bool = Field(description="verdicts are kept in the history")
    max_upload_bytes: int = Field(description="largest picture file in bytes")
    max_pixels: int = Field(description="largest picture in pixels, width times height")
    min_side: int = Field(description="shortest side of a picture in pixels")
    max_archive_bytes: int = Field(description="largest ZIP archive of a job in bytes")
    max_archive_files: int = Field(description="most files in an archive")
