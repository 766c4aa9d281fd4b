"""CASIA-WebFace: faces by identity, to learn who people are [5, Sec. 4.1]."""

from pathlib import Path

from fervid.clip import Clip, Database
from fervid.databases import identities
from fervid.databases.tree import origin

# [5, Sec. 4.1]; the authors keep 435,863 faces that their detector finds [5, Sec. 4.3].
SUBJECTS = 10_575
IMAGES = 494_414

LICENCE = "CASIA-WebFace was handed out for research against a signed agreement."
WHAT = "0000045/001.jpg, ..."


def load(root: Path) -> Database:
    """CASIA-WebFace: 0000045/001.jpg, ...: a still per clip, no emotions, the identity as subject.

    Packed versions (RecordIO) are not read: unpack them to pictures.

    Args:
        root: the folder of the identities' folders, or the one above (CASIA-WebFace/).

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
