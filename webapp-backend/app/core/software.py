"""Versions of the software."""

from functools import cache

from detection_model.training.run import git_commit, package_versions


@cache
def software() -> dict[str, str]:
    """Versions of the packages, and the commit where this is a checkout; blocks at first."""
    versions = package_versions("webapp-backend", "ai-edge-litert")
    commit = git_commit()
    return {**versions, "commit": commit} if commit else versions
