#!/usr/bin/env bash
# Installs the peers and compares: run by `make benchmark`, which makes .venv.
# MODEL: a .keras file with its card. PICTURES: a folder of JPEG files.
set -euo pipefail
cd "$(dirname "$0")/../.."
model=${MODEL:-detection-model/models/v3.keras}
pictures=${PICTURES:-data/Dataset/Test/Real}
[ -d "$pictures" ] || { echo "no pictures in $pictures: set PICTURES to a folder of JPEG files" >&2; exit 2; }
pip() { "$1/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r "tools/locks/$2.txt"; }
pip .venv benchmark
[ -d .state/bentoml ] || .venv/bin/python -m venv .state/bentoml
pip .state/bentoml bentoml
# The model alone: what is measured must not depend on what else lies in its folder.
alone=$(mktemp -d); trap 'rm -rf "$alone"' EXIT
cp "$model" "${model%.*}.json" "$alone"
.venv/bin/python webapp-backend/benchmarks/run.py "$alone/$(basename "$model")" "$pictures" \
  --bentoml "$PWD/.state/bentoml/bin/bentoml" "$@"
