"""What of this machine must not be in an image: how it reaches its indexes and archives, and where things lie on it."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_URL_OR_PATH = re.compile(r"(?:https?|file)://[^\s'\"]+|/[\w./-]{4,}")
#: Values that every Debian has.
_EVERYWHERE = {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs", "/dev/null"}
_ANYBODYS = re.compile(r"https?://(?:[\w.-]+\.)?(?:debian\.org|pypi\.org|pythonhosted\.org)\b")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def traces() -> list[str]:
    """Strings that say where an image was built."""
    pip = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    apt = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False)
    proxies = [value for name, value in os.environ.items() if name.lower() in _PROXIES]
    words = _URL_OR_PATH.findall(pip.stdout) + re.findall(r"https?://[^\s\"]+", apt.stdout) + proxies
    found = {word for word in words if word and word not in _EVERYWHERE and not _ANYBODYS.match(word)}
    return sorted(found | {str(ROOT), "reelyard-build-"} | set(filter(None, _own_authorities())))


def _own_authorities() -> list[str]:
    """The first line of the content of each certificate that was added to this machine."""
    added = Path("/usr/local/share/ca-certificates").glob("**/*.crt")
    return [path.read_text().partition("-----BEGIN CERTIFICATE-----\n")[2].partition("\n")[0] for path in added]
