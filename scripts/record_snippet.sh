#!/bin/sh
# Records what the Python export of the bundled pair is and what it computes, for the test that compares the two:
#     PYTHON=path/to/python scripts/record_snippet.sh
# Needs torch and transformers.
set -eu
cd "$(dirname "$0")/.."
cargo run --features cli --bin all-or-none -- \
    compare --a bundled:world-d32 --b bundled:world-d48 --export fixtures/snippet/snippet.py > /dev/null
"${PYTHON:-python3}" fixtures/snippet/snippet.py --json > fixtures/snippet/output.json
