#!/usr/bin/env bash
# Tests of Ray and PostgreSQL, which skip in `make test` where these are missing. Run by `make
# test-scale`, which installs Ray; the server programs of PostgreSQL come from the system
# (Debian: apt install postgresql).
set -euo pipefail
cd "$(dirname "$0")/.."
initdb=$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1 || true)
[ -n "$initdb" ] || { echo "PostgreSQL's server programs are missing: apt install postgresql" >&2; exit 1; }
# A cluster of this machine alone, which ends with its test, needs no token.
export RAY_AUTH_MODE=disabled
.venv/bin/python -m pytest detection-model/tests/test_bulk.py \
  detection-model/tests/test_workers.py webapp-backend/tests/test_ray_serve.py \
  webapp-backend/tests/test_postgres.py
