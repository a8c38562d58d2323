#!/usr/bin/env bash
# Locks all Python packages with hashes and without index addresses, and measures the size of a
# first download on this machine. Run `make lock` after a change of any pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
lock() { # name, further arguments of uv
  name=$1; shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-package detection-model --no-emit-package webapp-backend \
    --custom-compile-command "make lock" -c tools/locks/constraints.in "$@" "tools/locks/$name.in" -o "tools/locks/$name.txt"
}
lock test
lock serve -c tools/locks/test.txt
lock train -c tools/locks/test.txt
lock notebook -c tools/locks/test.txt
lock benchmark -c tools/locks/test.txt
lock scale -c tools/locks/test.txt
lock bentoml
lock node

work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
for name in serve train notebook test scale node; do
  python3 -m pip download --quiet --no-deps --require-hashes --only-binary :all: \
    --no-cache-dir -r "tools/locks/$name.txt" -d "$work/$name"
done
(cd webapp-frontend && npm ci --ignore-scripts --cache "$work/page" --silent >/dev/null)
mb() { du -sm "$work/$1" 2>/dev/null | cut -f1; }
printf '{"serve": %s, "train": %s, "notebook": %s, "test": %s, "scale": %s, "node": %s, "page": %s}\n' \
  "$(mb serve)" "$(mb train)" "$(mb notebook)" "$(mb test)" "$(mb scale)" "$(mb node)" "$(mb page)" \
  > tools/locks/megabytes.json
cat tools/locks/megabytes.json
