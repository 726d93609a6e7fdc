#!/bin/sh
# Whether this machine lets us build and run containers: root, namespaces, and an overlay over this folder's file
# system. Says what is missing and exits with 1.
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "building and running images needs root"; exit 1; }
unshare --mount --pid --net --uts --ipc --fork --mount-proc true 2>/dev/null ||
    { echo "building and running images needs namespaces, which this machine refuses"; exit 1; }
folder=$(mktemp -d ./.can-contain.XXXXXX)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/lower" "$folder/upper" "$folder/work" "$folder/all"
options="lowerdir=$folder/lower,upperdir=$folder/upper,workdir=$folder/work"
unshare --mount mount -t overlay overlay -o "$options" "$folder/all" 2>/dev/null ||
    { echo "building and running images needs overlay mounts, which this machine refuses"; exit 1; }
