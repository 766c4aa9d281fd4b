"""What a complete copy of each database holds, and what its licence allows.

How each is laid out on disk, and what its loader can be asked for, is in the loader's docstring.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fervid.databases import (
    baum_1s,
    casia_webface,
    ck_plus,
    disfa,
    fer_plus,
    gemep_fera,
    lfw,
    lists,
    mmi,
    oulu_casia,
    rml,
)
from fervid.labels import BASIC, CK_PLUS, DISFA, FER_PLUS, GEMEP_FERA


@dataclass(frozen=True)
class About:
    """Facts about a database, as its papers give them.

    Args:
        labels: in the order of tables; empty where the database has none.
        clips: of a complete copy; None where the papers say nothing, or it is as asked for.
        subjects: people seen; None where nobody knows.
        licence: what it allows, one sentence.
    """

    labels: tuple[str, ...]
    clips: int | None
    subjects: int | None
    licence: str


def _listed(name: str) -> About:
    return About(tuple(lists.CODES[name].values()), None, None, lists.LICENCES[name])


ABOUT: Mapping[str, About] = {
    "ck_plus": About(CK_PLUS, sum(ck_plus.COUNTS.values()), ck_plus.SUBJECTS, ck_plus.LICENCE),
    "ck_plus_stills": About(
        (*CK_PLUS, "neutral"), 4 * sum(ck_plus.COUNTS.values()), ck_plus.SUBJECTS, ck_plus.LICENCE
    ),
    "oulu_casia": About(
        BASIC, sum(oulu_casia.COUNTS.values()), oulu_casia.SUBJECTS, oulu_casia.LICENCE
    ),
    "mmi": About(BASIC, sum(mmi.COUNTS.values()), mmi.SUBJECTS, mmi.LICENCE),
    "gemep_fera": About(GEMEP_FERA, gemep_fera.CLIPS, gemep_fera.SUBJECTS, gemep_fera.LICENCE),
    "disfa": About(DISFA, None, disfa.SUBJECTS, disfa.LICENCE),
    "baum_1s": About(BASIC, baum_1s.CLIPS, baum_1s.SUBJECTS, baum_1s.LICENCE),
    "rml": About(BASIC, rml.CLIPS, rml.SUBJECTS, rml.LICENCE),
    "fer_plus": About(FER_PLUS, sum(fer_plus.COUNTS.values()), None, fer_plus.LICENCE),
    "casia_webface": About((), casia_webface.IMAGES, casia_webface.SUBJECTS, casia_webface.LICENCE),
    "lfw": About((), lfw.IMAGES, lfw.SUBJECTS, lfw.LICENCE),
    **{name: _listed(name) for name in ("afew", "dfew", "ferv39k", "mafw")},
    "drawn": About(CK_PLUS, None, None, "Apache-2.0, as fervid itself."),
}
