"""CASIA-WebFace: faces grouped by identity, for training identity features [5, Sec. 4.1]."""

from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import identities
from fervid.databases.tree import origin

# [5, Sec. 4.1]; the authors keep the 435,863 faces that their detector finds [5, Sec. 4.3].
SUBJECTS = 10_575
IMAGES = 494_414

LICENCE = "CASIA-WebFace was available for research under a signed agreement."
WHAT = "0000045/001.jpg, ..."


def load(root: Path) -> Database:
    """CASIA-WebFace: 0000045/001.jpg, ... (one still per clip, no emotions, identity as subject).

    Packed versions (RecordIO) are not supported; unpack them to pictures first.

    Args:
        root: folder with one subfolder per identity, or the folder above it (CASIA-WebFace/).

    Raises:
        DatabaseError: no pictures.
    """
    root = Path(root)
    home = identities.place(root, ("casia-webface", "casia_webface"), "casia_webface", WHAT)
    clips = tuple(
        Clip(f"{person}/{name}", Path(path), "casia_webface", None, person)
        for person, name, path in identities.pictures(home, "casia_webface")
    )
    if not clips:
        raise identities.nothing(root, "casia_webface", WHAT)
    return Database("casia_webface", (), clips, "still", origin(root), LICENCE)
