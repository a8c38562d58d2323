#!/usr/bin/env bash
# Everything that is tested, cheapest first. Run by `make test`, which prepares .venv and the page.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin
step() { printf '\n==> %s\n' "$*"; }
# Node may come from .venv, where the machine has none.
node_fits='const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
node -e "$node_fits" 2>/dev/null || PATH=$bin:$PATH

step "Lint, types and units of the page, beside lint, format and types of Python"
said=$(mktemp)
(cd webapp-frontend && npm run --silent lint && npm run --silent typecheck && npm test --silent) \
  >"$said" 2>&1 &
page=$!
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy" detection-model
"$bin/mypy" webapp-backend tools/compose_checks.py tools/notebooks.py tools/results.py tools/wait_ready.py
"$bin/python" tools/results.py --check
wait "$page" || { cat "$said"; exit 1; }
tail -n 8 "$said"
rm "$said"

# A file's tests share what they prepare; the conftests say which files begin.
side_by_side=(-n auto --dist loadfile --no-loadscope-reorder)
step "Library"
"$bin/python" -m pytest "${side_by_side[@]}" detection-model/tests
step "Service"
"$bin/python" -m pytest "${side_by_side[@]}" webapp-backend/tests

step "The page in Chromium, against the service with the published models"
if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
export CHROMIUM=${CHROMIUM:-$(command -v chromium)}
state=$(mktemp -d)
port=$("$bin/python" -c 'from app.children import free_port; print(free_port())')
# The three of the story: what a better model says of a drawn face is tested with the service.
models=$state/models
mkdir "$models"
for name in v1 v2 v3; do ln -s "$PWD/detection-model/models/$name".* "$models"; done
PORT=$port STATE_DIR=$state MODELS_DIR=$models POLL_SECONDS=0.2 MAX_WAIT=60 DEADLINE=60 \
  "$bin/python" -m app >"$state/log" 2>&1 &
service=$!
stop() { kill "$service" 2>/dev/null || true; wait "$service" || true; rm -rf "$state"; }
trap stop EXIT
export BASE_URL=http://127.0.0.1:$port
"$bin/python" tools/wait_ready.py "$BASE_URL" v1 v2 v3 || { cat "$state/log"; exit 1; }
face=../shared/data/Dataset/Test/Real
[ -d "$face" ] && export FACE=$PWD/$face/$(ls "$face" | head -n 1)
(cd webapp-frontend && npm run --silent e2e) || { tail -n 100 "$state/log"; exit 1; }
