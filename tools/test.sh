#!/usr/bin/env bash
# All tests, cheapest first. Run by `make test`, which prepares .venv and the page.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin
step() { printf '\n==> %s\n' "$*"; }

bash tools/check.sh --without-tests

# Tests of one file share fixtures; slow files start first (conftest.py).
parallel=(-n auto --dist loadfile --no-loadscope-reorder)
step "Library"
"$bin/python" -m pytest "${parallel[@]}" detection-model/tests
step "Service"
"$bin/python" -m pytest "${parallel[@]}" webapp-backend/tests

step "The page in Chromium, against the service with the published models"
if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  echo "Chromium is missing. Installing the Debian package with: ${sudo:+sudo }apt-get install chromium"
  echo "(To use another browser, stop here and set CHROMIUM=/path/to/chrome.)"
  $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
export CHROMIUM=${CHROMIUM:-$(command -v chromium)}
# As in check.sh: Node from .venv where the machine has none.
node -e 'process.exit(+process.versions.node.split(".")[0] < 20)' 2>/dev/null || PATH=$bin:$PATH
# Each of the two workers has a service of its own: the tests change which model is active, and thresholds.
state=$(mktemp -d)
models=(); for file in detection-model/models/*.keras; do models+=("$(basename "$file" .keras)"); done
services=()
stop() { kill "${services[@]}" 2>/dev/null || true; wait "${services[@]}" || true; rm -rf "$state"; }
trap stop EXIT
free_port='import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
export BASE_URL=
serve() {
  local port
  port=$("$bin/python" -c "$free_port")
  PORT=$port STATE_DIR=$state/$1 POLL_SECONDS=0.2 MAX_WAIT=60 DEADLINE=60 \
    "$bin/python" -m app >"$state/$1.log" 2>&1 &
  services+=($!)
  BASE_URL+=" http://127.0.0.1:$port"
  "$bin/python" tools/wait_ready.py "http://127.0.0.1:$port" "${models[@]}" || { cat "$state/$1.log"; exit 1; }
}
serve first
# The second finds the models converted.
mkdir "$state/second" && cp -r "$state/first/cache" "$state/second"
serve second
face=../shared/data/Dataset/Test/Real
[ -d "$face" ] && export FACE=$PWD/$face/$(ls "$face" | head -n 1)
# The last lines name the tests that failed, and why: a CI may show no more than those.
(cd webapp-frontend && npm run --silent e2e) 2>&1 | tee "$state/e2e" || {
  grep -hvE '^(INFO|DEBUG):' "$state"/*.log | tail -n 40 || true
  grep -E '^ +([0-9]+\) |Error:|Expected|Received|Locator|unexpected|> [0-9]+ \|)' "$state/e2e" || true
  grep -E '^  +[0-9]+ (failed|flaky)' -A 20 "$state/e2e"
  exit 1
}
