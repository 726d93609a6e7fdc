#!/bin/sh
# Fails when reelyard/rpc/v1 is not what proto/ generates: it is generated anew and compared.
set -eu
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
.venv/bin/python -m grpc_tools.protoc -I proto --python_out="$fresh" --pyi_out="$fresh" --grpc_python_out="$fresh" \
    proto/reelyard/rpc/v1/*.proto
touch "$fresh/reelyard/rpc/v1/__init__.py"
if ! diff -r -u --exclude=__pycache__ reelyard/rpc/v1 "$fresh/reelyard/rpc/v1"; then
    echo "reelyard/rpc/v1 is stale: run 'make proto' and commit what it writes" >&2
    exit 1
fi
echo "generated code is fresh"
