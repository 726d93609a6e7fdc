"""The images of `make images`, each run without rights; skipped, with the reason, where they cannot be."""

from collections.abc import Iterator

import pytest

from deploy.images.build import TARGETS, image_name
from deploy.images.containers import image_config
from deploy.images.programs import ImagesError, require
from deploy.images.store import DEFAULT_FOLDER, Store, opened_above


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """A store for containers above that of `make images`; nothing of it is left."""
    try:
        require("podman", "runc", "conmon", "catatonit")
    except ImagesError as error:
        pytest.skip(str(error))
    if not (DEFAULT_FOLDER / "storage").is_dir():
        pytest.skip(f"there are no images in {DEFAULT_FOLDER}: run `make images`")
    with opened_above(DEFAULT_FOLDER) as opened:
        for target in TARGETS:
            try:
                image_config(opened, image_name(target))
            except ImagesError:
                pytest.skip(f"there is no {image_name(target)} in {DEFAULT_FOLDER}: run `make images`")
        yield opened
