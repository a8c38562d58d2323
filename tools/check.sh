#!/usr/bin/env bash
# Lint, types, layer contracts and fast unit tests. Run by `make check`, which prepares .venv and
# the page's packages.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin
# Node comes from .venv where the machine has none or an old one.
node_fits='const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
node -e "$node_fits" 2>/dev/null || PATH=$bin:$PATH

printf '\n==> The page: lint, types, unit tests (in the background)\n'
log=$(mktemp)
(cd webapp-frontend && npm run --silent lint && npm run --silent typecheck && npm test --silent) \
  >"$log" 2>&1 &
page=$!

printf '\n==> Python: lint, format, types, layer contracts, generated documents\n'
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy" detection-model
"$bin/mypy" webapp-backend tools/cases tools/compose_checks.py tools/notebooks.py tools/results.py tools/wait_ready.py
"$bin/lint-imports"
"$bin/python" tools/results.py --check

if [ "${1:-}" != --without-tests ]; then
  printf '\n==> The library: fast tests\n'
  "$bin/python" -m pytest -n auto --dist loadfile -m "not slow" detection-model/tests
fi
wait "$page" || { cat "$log"; exit 1; }
tail -n 8 "$log"
rm "$log"
