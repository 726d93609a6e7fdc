"""Runs inside an image, with its Python: says as JSON what is in its file system. Standard input: a list of traces."""

import json
import os
import pathlib
import re
import stat
import sys

_NOT_OF_THE_IMAGE = {"/proc", "/sys", "/dev", "/tmp"}
# A private key is a file that is one; libraries hold the words in their sources.
_PRIVATE_KEY = re.compile(rb"\s*-----BEGIN [A-Z ]*PRIVATE KEY-----")


def look(traces):
    found = {"special": [], "programs": [], "writable": [], "traces": [], "private_keys": [], "caches": []}
    wanted = re.compile(b"|".join(re.escape(trace.encode()) for trace in traces)) if traces else None
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if str(pathlib.Path(folder, name)) not in _NOT_OF_THE_IMAGE]
        if pathlib.Path(folder).lstat().st_mode & stat.S_IWOTH:
            found["writable"].append(folder)
        for name in files:
            path = pathlib.Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                if os.access(path, os.X_OK) and not path.is_dir():
                    found["programs"].append(str(path))
                continue
            if not stat.S_ISREG(mode):
                continue
            if mode & (stat.S_ISUID | stat.S_ISGID):
                found["special"].append(str(path))
            if mode & stat.S_IXUSR:
                found["programs"].append(str(path))
            if str(path).startswith(("/var/lib/apt/lists/", "/var/cache/apt/", "/root/")) and path.stat().st_size > 0:
                found["caches"].append(str(path))
            content = path.read_bytes()
            if _PRIVATE_KEY.match(content):
                found["private_keys"].append(str(path))
            if wanted is not None and (hit := wanted.search(content)):
                found["traces"].append([str(path), hit[0].decode(errors="replace")])
    return found


print(json.dumps(look(json.load(sys.stdin))))
