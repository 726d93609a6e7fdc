"""How this machine reaches Debian's archive: needed while a base or an image is made, and never part of either."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.images.programs import ImagesError, run

#: Of apt's settings those about the way to the archive: proxies, certificates, retries, clocks that are wrong.
_WAY = re.compile(r'^Acquire::(?:(?:https?|ftp)::|Retries |Check-|Max-ValidTime|ForceIPv)[^"]*"[^"]*";$')
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Debian's archive: the lines of apt's configuration that lead there, and where it is."""

    settings: tuple[str, ...]
    mirror: str
    security_mirror: str

    def sources(self, suite: str) -> str:
        """The sources of a suite as Debian's own images have them, at this mirror."""
        keyring = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg"
        return (
            f"Types: deb\nURIs: {self.mirror}\nSuites: {suite} {suite}-updates\nComponents: main\n{keyring}\n\n"
            f"Types: deb\nURIs: {self.security_mirror}\nSuites: {suite}-security\nComponents: main\n{keyring}\n"
        )

    def write_mounts(self, folder: Path, suite: str) -> list[str]:
        """Write what is laid over apt's configuration while an image is built; arguments of `buildah build`."""
        configuration = folder / "apt.conf.d"
        lists = folder / "sources.list.d"
        for made in (configuration, lists):
            made.mkdir(parents=True)
        (configuration / "90way").write_text("".join(f"{line}\n" for line in self.settings))
        (lists / "debian.sources").write_text(self.sources(suite))
        if "https:" in self.mirror + self.security_mirror and _AUTHORITIES.is_file():
            shutil.copy(_AUTHORITIES, configuration / "authorities.pem")  # apt reads no file of this ending
            with (configuration / "90way").open("a") as way:
                way.write('Acquire::https::CAInfo "/etc/apt/apt.conf.d/authorities.pem";\n')
        return [
            *("--volume", f"{configuration}:/etc/apt/apt.conf.d:ro"),
            *("--volume", f"{lists}:/etc/apt/sources.list.d:ro"),
        ]


def this_machines_way(environ: Mapping[str, str], suite: str) -> Archive:
    """How apt gets to Debian's archive from here, and where that is.

    The mirrors are those of this machine's own sources, if it is a Debian of the suite, or what IMAGES_MIRROR and
    IMAGES_SECURITY_MIRROR name.

    Raises:
        ImagesError: neither says where the suite is.
    """
    said = run(["apt-config", "dump"])
    own = _own_mirrors()
    mirror = environ.get("IMAGES_MIRROR") or own.get(suite)
    security_mirror = environ.get("IMAGES_SECURITY_MIRROR") or own.get(f"{suite}-security")
    if not mirror or not security_mirror:
        raise ImagesError(
            f"This machine's apt has no sources of Debian's {suite} and {suite}-security: set IMAGES_MIRROR and"
            " IMAGES_SECURITY_MIRROR to a mirror of Debian and of its security updates."
        )
    return Archive(
        settings=tuple(line for line in said.splitlines() if _WAY.match(line)),
        mirror=mirror.rstrip("/"),
        security_mirror=security_mirror.rstrip("/"),
    )


def _own_mirrors() -> dict[str, str]:
    """Where this machine's apt has each release from."""
    lines = run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"]).splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)
