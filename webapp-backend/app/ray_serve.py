"""The service on a Ray cluster: `serve run app.ray_serve:build`. Needs the extra `ray`.

Each replica is the whole application of `app.main`. Ray Serve spreads the requests among the
replicas, adds and removes replicas by the number of requests in progress, and replaces those that
die (https://docs.ray.io/en/latest/serve/). The replicas share STATE_DIR and the database at
DATABASE_URL; each loads any model within its own memory budget, so none is tied to one model.
"""

from pydantic import BaseModel, Field
from ray import serve
from ray.serve import Application

from app.main import create_app


class Scaling(BaseModel):
    """Arguments, passed as in `serve run app.ray_serve:build max_replicas=4`."""

    min_replicas: int = Field(1, ge=1)
    max_replicas: int = Field(8, ge=1)
    target_requests: float = Field(
        4, gt=0, description="requests in progress for each replica that autoscaling aims for"
    )
    cpus: float = Field(2, gt=0, description="CPU cores that Ray reserves for each replica")


def build(arguments: Scaling) -> Application:
    """The application for Ray Serve; every other setting comes from the environment."""
    api = serve.deployment(
        name="api",
        # More wait in the service, which refuses with 503 and Retry-After when it is too busy.
        max_ongoing_requests=64,
        autoscaling_config={
            "min_replicas": arguments.min_replicas,
            "max_replicas": arguments.max_replicas,
            "target_ongoing_requests": arguments.target_requests,
        },
        ray_actor_options={"num_cpus": arguments.cpus},
    )
    return api(serve.ingress(create_app)()).bind()
