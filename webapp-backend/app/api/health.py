"""Is the process alive, and does a model answer?"""

from datetime import UTC, datetime

from fastapi import APIRouter

from app.api.deps import ServiceDep, refusals
from app.schemas.models import Health, Ready

router = APIRouter(prefix="/api", tags=["health"])


@router.get("/health", operation_id="get_health")
async def get_health(service: ServiceDep) -> Health:
    """Answers whatever the load: it looks at memory only."""
    return Health(model_loaded=service.active() is not None, timestamp=datetime.now(UTC))


@router.get("/ready", operation_id="get_ready", responses=refusals(503))
async def get_ready(service: ServiceDep) -> Ready:
    """200 once a model answers, else 503 with Retry-After."""
    service.model(None)
    return Ready(models=list(service.registry.ready()))
