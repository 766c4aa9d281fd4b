"""Where the papers contradict themselves, or one another, each checked by a test.

The figures of an entry are those its sentences name, in the same order; the tests compute each
from the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fervid.errors import InputError


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both hold.

    Args:
        paper: short key; two keys joined by " / " where papers disagree with one another.
        where: the sections, tables and figures concerned.
        says: the one statement, restated.
        but: the other.
        figures: every number named above that the tables or the text give or yield.
    """

    paper: str
    where: str
    says: str
    but: str
    figures: tuple[float, ...]


CONTRADICTIONS: Mapping[str, Contradiction] = {
    "mmi-anger-disgust": Contradiction(
        "dtagn",
        "Table 1 against Table 7",
        "MMI has 32 sequences of anger and 31 of disgust",
        "every cell of Table 7's anger row is a multiple of 1/31, of its disgust row of 1/32. "
        "Only with the two counts exchanged does the diagonal give the printed 70.24 %; as "
        "printed it gives 70.2 %",
        (32, 31, 31, 32, 70.24, 70.2),
    ),
    "mmi-dtan-rounding": Contradiction(
        "dtagn",
        "Table 6",
        "DTAN reaches 62.45 % on MMI",
        "no whole number out of 205 gives that; 128 of them give 62.44 %",
        (62.45, 205, 128, 62.44),
    ),
    "halves-rounded-both-ways": Contradiction(
        "dtagn",
        "Tables 4, 7 and 9",
        "387 of 480 (80.625 %) is printed 80.62 and 3 of 32 (9.375 %) 9.37",
        "363 of 480 (75.625 %) is printed 75.63 and 3 of 32 elsewhere 9.38; with 22 of 32 "
        "printed 68.8 the sadness row of Table 7 sums to 100.05",
        (387, 480, 80.62, 3, 32, 9.37, 363, 480, 75.63, 3, 32, 9.38, 22, 32, 68.8, 100.05),
    ),
    "single-networks-on-ck": Contradiction(
        "dtagn",
        "Sec. 5.2 against Table 2",
        "DTAN (91.44 %) and DTGN (92.35 %) are called worse than the other methods on CK+",
        "DTGN is better than 5 of the 7 quoted methods; DTAN is better than 2 and level with one",
        (91.44, 92.35, 5, 7, 2),
    ),
    "concatenation-worse": Contradiction(
        "dtagn",
        "Sec. 6 against Tables 2, 4, 6 and 9",
        "concatenating the features is worse than either of the two networks",
        "it is better than both on all three databases: 94.5 against 92.35, 75.63 against 74.38 "
        "and 67.8 against 62.45 %",
        (94.5, 92.35, 75.63, 74.38, 67.8, 62.45),
    ),
    "gain-over-concatenation": Contradiction(
        "dtagn",
        "Table 9, caption against figures",
        "joint fine-tuning gains about 3 to 6 % over concatenation",
        "the gains are 2.75, 5.83 and 2.44 points",
        (3, 6, 2.75, 5.83, 2.44),
    ),
    "fear-as-surprise": Contradiction(
        "dtagn",
        "Sec. 5.4 against Table 7",
        "most fear sequences of MMI are taken for surprise",
        "28.57 % are, while 35.71 % are recognised; of the 18 errors 8 are surprise",
        (28.57, 35.71, 18, 8),
    ),
    "reference-15": Contradiction(
        "dtagn",
        "Secs. 2.1 and 3.2 against Sec. 2.2 and Table 2",
        "its reference 15 is the 3D CNN for actions",
        "in Table 2 reference 15 is Cov3D, and the 3D CNN is reference 11",
        (15, 11),
    ),
    "appearance-only": Contradiction(
        "agn3d",
        "Table 1 against Secs. 4.1 and V",
        "3DAGN, appearance and geometry together, reaches 97.22 %",
        "what was run is a first form of the appearance network alone, of 4 convolution layers, "
        "without the geometric network, and not the 3D Inception-ResNet of Sec. 3.1",
        (97.22, 4),
    ),
    "pools-and-frames": Contradiction(
        "agn3d",
        "Sec. 4.1",
        "the network takes 3 frames",
        "3 poolings that each divide time by 2 leave nothing of them (3, 1, 0), unless padded, of "
        "which nothing is said",
        (3, 3, 2, 3, 1, 0),
    ),
    "logits-of-two-sizes": Contradiction(
        "agn3d",
        "Sec. 3.3, Eq. 4",
        "the logits of the two networks are added one by one",
        "the first network has 7 of them, the second 2",
        (7, 2),
    ),
    "six-that-are-seven": Contradiction(
        "ir3d",
        "Sec. 4.1",
        "CK+ shows 6 basic expressions",
        "7 are named, contempt among them",
        (6, 7),
    ),
    "two-protocols": Contradiction(
        "ir3d",
        "Sec. 4.2.1 and Table 1",
        "every result is a mean over 5 folds",
        "the network without landmarks is said to be judged on one random 20 % of the subjects, "
        "and Table 1 sets the columns side by side; only the one with landmarks has deviations "
        "(4 of 4, against 0 of 7)",
        (5, 20, 4, 4, 0, 7),
    ),
    "outperforms-all": Contradiction(
        "ir3d",
        "Abstract against Tables 1 and 2",
        "the method outperforms the state of the art in both tasks",
        "quoted methods are better on CK+ (93.6 against 93.21 %) and MMI (86.7 against 77.5 %), "
        "and on MMI across databases (66.9 against 54.76 %)",
        (93.6, 93.21, 86.7, 77.5, 66.9, 54.76),
    ),
    "rml-mean": Contradiction(
        "hybrid",
        "Fig. 6 against Tables 1, 2 and 3",
        "DBN fusion reaches 73.73 % on RML",
        "the diagonal of Fig. 6, whose cells are multiples of 1/120 and so weigh alike (6 times "
        "120 are the 720 clips), has the mean 76.81 %; a mean over subjects of unequal size "
        "could differ, but 3.08 points are much",
        (73.73, 120, 6, 120, 720, 76.81, 3.08),
    ),
    "rml-below-80": Contradiction(
        "hybrid",
        "Sec. IV-C against Fig. 6",
        "disgust, sadness and surprise are recognised well, below 80 %",
        "Fig. 6 gives 84.17, 84.17 and 90.83 %",
        (80, 84.17, 84.17, 90.83),
    ),
    "one-segment-or-many": Contradiction(
        "hybrid",
        "Sec. III-A against Sec. IV-B",
        "a clip longer than 16 frames loses its ends until 16 are left, which makes one segment",
        "521 clips give about 7000 segments, 720 about 12000 and 213 about 4000",
        (16, 16, 521, 7000, 720, 12000, 213, 4000),
    ),
    "two-others-of-three": Contradiction(
        "hybrid",
        "Sec. IV-C against Table 2",
        "DBN fusion is better than the other 2 kinds of features",
        "Table 2 has 3 others, and it is better than all of them",
        (2, 3),
    ),
    "ck-99": Contradiction(
        "tfe",
        "Abstract against Sec. 4.5",
        "CK+ is recognised with 99.31 %",
        "Sec. 4.5 gives 99.24 %, and its gain of 1.68 is the difference from 97.56 %; the "
        "abstract's figure would make it 1.75",
        (99.31, 99.24, 1.68, 97.56, 1.75),
    ),
    "fer-labels": Contradiction(
        "tfe",
        "Secs. 4.1 and 4.6",
        "FER+ has 7 expressions",
        "6 are named, and Table 6 is said to score 8",
        (7, 6, 8),
    ),
    "fer-images": Contradiction(
        "tfe",
        "Sec. 3.1 against Sec. 4.1",
        "FER+ has more than 35000 images",
        "28709 for training and 3589 for test make 32298; the public test part is left unsaid",
        (35000, 28709, 3589, 32298),
    ),
    "mmi-size": Contradiction(
        "dtagn / hybrid",
        "Paper 1, Table 1 against paper 4, Sec. IV-A",
        "MMI has 205 sequences of the six emotions, of 30 subjects",
        "it has 213, of 30 subjects",
        (205, 30, 213, 30),
    ),
    "mmi-state-of-the-art": Contradiction(
        "dtagn / ir3d / hybrid",
        "Paper 4, Table 3 against paper 3, Table 1 and paper 1, Table 6",
        "71.43 % on MMI is better than the state of the art",
        "paper 3, of which paper 4 knows, gives 77.5 %, and paper 1 quotes 75.12 % for "
        "STM-ExpLet; splits and sequences differ",
        (71.43, 77.5, 75.12),
    ),
}


def markdown(paper: str = "") -> str:
    """The list as the Markdown that docs/published.md shows; of one paper, or of all.

    Raises:
        InputError: no such paper.
    """
    papers = dict.fromkeys(name for one in CONTRADICTIONS.values() for name in _papers(one))
    if paper and paper not in papers:
        raise InputError(f"no paper {paper!r}: choose one of {', '.join(papers)}")
    lines = []
    for key, one in CONTRADICTIONS.items():
        if not paper or paper in _papers(one):
            says = one.says[0].upper() + one.says[1:]
            lines.append(f"- **{key}** ({one.paper}; {one.where}). {says}; but {one.but}.")
    return "\n".join(lines) + "\n"


def _papers(one: Contradiction) -> list[str]:
    return one.paper.split(" / ")
