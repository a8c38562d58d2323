"""Serves the built page if no web server does."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

# As in nginx.conf.template: nothing is loaded from other hosts.
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' blob: data:; connect-src 'self'; frame-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    # The camera page asks for the camera; nothing else is needed of the device.
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NOT_BUILT = "<h1>The page is not built</h1><p>Run <code>make run</code>, or see /api/docs.</p>"


def install(app: FastAPI, folder: Path) -> None:
    """Answer all other GET paths with a file of the page, or with the page itself."""
    assets = StaticFiles(directory=folder / "assets", check_dir=False)
    app.mount("/assets", assets, name="assets")

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def page(path: str) -> Response:
        index = folder / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, 503)
        return FileResponse(_file(folder.resolve(), path) or index, headers=_HEADERS)


def _file(folder: Path, path: str) -> Path | None:
    """The file at a path in the folder, if there is one."""
    try:
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or with NUL
        return None
