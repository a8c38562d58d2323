"""Waits until a service has loaded models: `python tools/wait_ready.py URL MODEL…`."""

import sys
import time

import httpx

_PATIENCE_SECONDS = 240


def main(url: str, models: set[str]) -> None:
    """Return when all models are ready; exit with the last answer after the time limit."""
    last = "nothing"
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        try:
            answer = httpx.get(f"{url}/api/ready", timeout=10)
            last = answer.text
            if answer.status_code == 200 and models <= set(answer.json()["models"]):
                return
        except httpx.TransportError as error:
            last = str(error)
        time.sleep(0.5)
    sys.exit(f"{url} did not become ready: {last}")


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
