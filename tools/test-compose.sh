#!/usr/bin/env bash
# Tests docker-compose.yml with a real engine: build, up, requests through the port, down, up again.
# Needs .venv (make check creates it) and an engine; WEB_PORT chooses the port.
set -euo pipefail
cd "$(dirname "$0")/.."
docker info >/dev/null 2>&1 || { echo "no Docker engine is running" >&2; exit 1; }
export WEB_PORT=${WEB_PORT:-80} COMPOSE_PROJECT_NAME=deepfake-detection-test
export BASE_URL=http://127.0.0.1:$WEB_PORT
stop() { docker compose down --volumes --timeout 20 >/dev/null 2>&1 || true; }
trap stop EXIT
stop
models=(); for file in detection-model/models/*.keras; do models+=("$(basename "$file" .keras)"); done
docker compose build --quiet
docker compose up --detach --wait
.venv/bin/python tools/wait_ready.py "$BASE_URL" "${models[@]}"
.venv/bin/python -m pytest tools/compose_checks.py -k "not second_start"
docker compose down --timeout 20
docker compose up --detach --wait
.venv/bin/python tools/wait_ready.py "$BASE_URL" "${models[@]}"
.venv/bin/python -m pytest tools/compose_checks.py -k second_start
docker compose exec -T backend id -u | grep -qx 10001
docker compose exec -T web sh -c 'test "$(id -u)" != 0'
echo "docker-compose.yml works on port $WEB_PORT"
