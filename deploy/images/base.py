"""A base like debian:bookworm-slim, made by mmdebstrap, for machines that reach Debian's archive but no registry."""

from pathlib import Path

from deploy.images.machine import Archive
from deploy.images.programs import run
from deploy.images.store import Store

SUITE = "bookworm"
#: Its name says that it is not the one of the registry.
BASE_IMAGE = f"localhost/reelyard-base:{SUITE}-slim"

# What Debian's slim images leave out too. Copyright files stay: their licences ask for it.
_LEFT_OUT = (
    *("path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright"),
    *("path-exclude=/usr/share/man/*", "path-exclude=/usr/share/info/*", "path-exclude=/usr/share/locale/*"),
    *("path-exclude=/usr/share/groff/*", "path-exclude=/usr/share/lintian/*"),
)
# mmdebstrap copies the machine's own name and resolver into what it makes, and notes how it got there.
_NOT_OURS = (
    *(
        "/etc/hostname",
        "/etc/resolv.conf",
        "/etc/apt/sources.list",
        "/etc/apt/sources.list.d/*",
        "/etc/apt/apt.conf.d/99mmdebstrap",
    ),
    *("/var/lib/apt/lists/*", "/var/cache/apt/*", "/var/log/*", "/var/cache/ldconfig/aux-cache"),
)
_CONTAINERFILE = 'FROM scratch\nADD rootfs.tar /\nCMD ["/bin/bash"]\n'


def make_base(store: Store, folder: Path, archive: Archive) -> None:
    """Make the base image in the store.

    Args:
        store: where it goes.
        folder: for the files in work; needs about 200 MB.
        archive: where its packages come from.

    Raises:
        ImagesError: a program failed; with what it said.
    """
    folder.mkdir(parents=True)
    rootfs = folder / "rootfs.tar"
    sources = folder / "build.sources"
    sources.write_text(archive.sources(SUITE))
    # The mirror of this machine has no place in an image; whoever installs more there says from where.
    for_later = folder / "debian.sources"
    for_later.write_text("# Left out: name a mirror of Debian here.\n")
    options = [f"--aptopt={line}" for line in archive.settings] + [f"--dpkgopt={line}" for line in _LEFT_OUT]
    run(
        [
            # mmdebstrap merges /usr itself; the package that would do it later brings all of Perl.
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--include=usr-is-merged", "--format=tar", *options),
            '--customize-hook=mv "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$1"/etc/dpkg/dpkg.cfg.d/slim',
            f'--customize-hook=cd "$1" && rm -rf {" ".join("." + path for path in _NOT_OURS)}',
            f"--customize-hook=copy-in {for_later} /etc/apt/sources.list.d",
            *(SUITE, rootfs, sources),
        ],
        env=store.env,
        log=folder / "mmdebstrap.log",
    )
    (folder / "Containerfile").write_text(_CONTAINERFILE)
    run(
        [
            *("buildah", "build", "--isolation", "chroot", "--signature-policy", store.policy, "--format", "docker"),
            *("--tag", BASE_IMAGE, "--file", folder / "Containerfile", folder),
        ],
        env=store.env,
        log=folder / "base.log",
    )
