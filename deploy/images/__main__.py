"""`make images`: build the three images and print their names and sizes."""

import argparse
import sys
from pathlib import Path

from deploy.images.build import Request, build_images
from deploy.images.programs import ImagesError
from deploy.images.store import DEFAULT_FOLDER


def main() -> int:
    """Read the command line and build; the exit status."""
    parser = argparse.ArgumentParser(prog="make images", description=__doc__)
    parser.add_argument("--store", type=Path, default=DEFAULT_FOLDER, help="folder in which the images are kept")
    parser.add_argument("--base", default="", help="base image from a registry; default: one made with mmdebstrap")
    parser.add_argument("--archives", type=Path, help="folder for an archive of each image, for `docker load`")
    parser.add_argument("--fresh", action="store_true", help="use nothing of builds before; takes security updates")
    parser.add_argument("--source", default="", help="URL of the code, for the images' labels")
    given = parser.parse_args()
    request = Request(**vars(given))
    try:
        built = build_images(request, lambda line: print(line, flush=True))
    except ImagesError as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    for image in built:
        print(f"{image.name:<28} {image.size / 1e6:7.0f} MB  {image.image_id[:19]}")
    print(f"they are in {given.store}; `make test-images` runs them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
