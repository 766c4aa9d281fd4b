"""Where the papers contradict themselves or each other; a test checks every entry.

The figures of an entry are the numbers in its sentences, in the same order. The tests compute each
of them from the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fervid.errors import InputError


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both hold.

    Args:
        paper: key of the paper, or keys joined by " / " if papers disagree with each other.
        where: sections, tables and figures concerned.
        says: one statement, in our words.
        but: the other statement.
        figures: the numbers in both sentences that the tables or the text give or imply.
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
        "every cell in Table 7's row for anger is a multiple of 1/31, and in its row for disgust "
        "of 1/32. Only if the two counts are swapped does the diagonal give the printed 70.24 %; "
        "as printed, it gives 70.2 %",
        (32, 31, 31, 32, 70.24, 70.2),
    ),
    "mmi-dtan-rounding": Contradiction(
        "dtagn",
        "Table 6",
        "DTAN reaches 62.45 % on MMI",
        "no number of clips out of 205 gives that; 128 give 62.44 %",
        (62.45, 205, 128, 62.44),
    ),
    "halves-rounded-both-ways": Contradiction(
        "dtagn",
        "Tables 4, 7 and 9",
        "387 of 480 (80.625 %) is printed as 80.62, and 3 of 32 (9.375 %) as 9.37",
        "363 of 480 (75.625 %) is printed as 75.63, and 3 of 32 elsewhere as 9.38; because 22 of "
        "32 is printed as 68.8, the row for sadness in Table 7 sums to 100.05",
        (387, 480, 80.62, 3, 32, 9.37, 363, 480, 75.63, 3, 32, 9.38, 22, 32, 68.8, 100.05),
    ),
    "single-networks-on-ck": Contradiction(
        "dtagn",
        "Sec. 5.2 against Table 2",
        "DTAN (91.44 %) and DTGN (92.35 %) are said to be worse than the other methods on CK+",
        "DTGN is better than 5 of the 7 quoted methods; DTAN is better than 2 and equal to one",
        (91.44, 92.35, 5, 7, 2),
    ),
    "concatenation-worse": Contradiction(
        "dtagn",
        "Sec. 6 against Tables 2, 4, 6 and 9",
        "concatenating the features is worse than either of the two networks",
        "it is better than both on all three databases: 94.5 against 92.35 %, 75.63 against "
        "74.38 % and 67.8 against 62.45 %",
        (94.5, 92.35, 75.63, 74.38, 67.8, 62.45),
    ),
    "gain-over-concatenation": Contradiction(
        "dtagn",
        "Table 9, caption against numbers",
        "joint fine-tuning gains about 3 to 6 % over concatenation",
        "the gains are 2.75, 5.83 and 2.44 points",
        (3, 6, 2.75, 5.83, 2.44),
    ),
    "fear-as-surprise": Contradiction(
        "dtagn",
        "Sec. 5.4 against Table 7",
        "most of MMI's fear sequences are confused with surprise",
        "28.57 % are, and 35.71 % are recognised; of the 18 errors, 8 are surprise",
        (28.57, 35.71, 18, 8),
    ),
    "reference-15": Contradiction(
        "dtagn",
        "Secs. 2.1 and 3.2 against Sec. 2.2 and Table 2",
        "reference 15 is the 3D CNN for action recognition",
        "in Table 2, reference 15 is Cov3D and the 3D CNN is reference 11",
        (15, 11),
    ),
    "appearance-only": Contradiction(
        "agn3d",
        "Table 1 against Secs. 4.1 and V",
        "3DAGN, which combines appearance and geometry, reaches 97.22 %",
        "the experiment used only a first form of the appearance network, with 4 convolution "
        "layers; it had no geometric network and was not the 3D Inception-ResNet of Sec. 3.1",
        (97.22, 4),
    ),
    "pools-and-frames": Contradiction(
        "agn3d",
        "Sec. 4.1",
        "the network takes 3 frames",
        "3 poolings that each divide time by 2 leave no frame (3, 1, 0), unless there is padding, "
        "which the paper does not mention",
        (3, 3, 2, 3, 1, 0),
    ),
    "logits-of-two-sizes": Contradiction(
        "agn3d",
        "Sec. 3.3, Eq. 4",
        "the logits of the two networks are added element by element",
        "the first network has 7 logits, the second 2",
        (7, 2),
    ),
    "six-that-are-seven": Contradiction(
        "ir3d",
        "Sec. 4.1",
        "CK+ shows 6 basic expressions",
        "the paper names 7, among them contempt",
        (6, 7),
    ),
    "two-protocols": Contradiction(
        "ir3d",
        "Sec. 4.2.1 and Table 1",
        "every result is a mean over 5 folds",
        "the network without landmarks is said to be tested on one random 20 % of the subjects, "
        "and Table 1 puts the columns side by side; only the network with landmarks has deviations "
        "(4 of 4, against 0 of 7)",
        (5, 20, 4, 4, 0, 7),
    ),
    "outperforms-all": Contradiction(
        "ir3d",
        "Abstract against Tables 1 and 2",
        "the method outperforms the state of the art in both tasks",
        "quoted methods are better on CK+ (93.6 against 93.21 %), on MMI (86.7 against 77.5 %) "
        "and on MMI across databases (66.9 against 54.76 %)",
        (93.6, 93.21, 86.7, 77.5, 66.9, 54.76),
    ),
    "rml-mean": Contradiction(
        "hybrid",
        "Fig. 6 against Tables 1, 2 and 3",
        "DBN fusion reaches 73.73 % on RML",
        "the mean of the diagonal of Fig. 6 is not that: its cells are multiples of 1/120, so all "
        "labels weigh the same (6 times 120 are the 720 clips), and the mean is 76.81 %; a mean "
        "over subjects with unequal numbers of clips could differ, but 3.08 points is a lot",
        (73.73, 120, 6, 120, 720, 76.81, 3.08),
    ),
    "rml-below-80": Contradiction(
        "hybrid",
        "Sec. IV-C against Fig. 6",
        "disgust, sadness and surprise are recognised well, with less than 80 %",
        "Fig. 6 gives 84.17, 84.17 and 90.83 %",
        (80, 84.17, 84.17, 90.83),
    ),
    "one-segment-or-many": Contradiction(
        "hybrid",
        "Sec. III-A against Sec. IV-B",
        "a clip of more than 16 frames is trimmed at both ends to 16, which makes one segment",
        "521 clips give about 7000 segments, 720 about 12000 and 213 about 4000",
        (16, 16, 521, 7000, 720, 12000, 213, 4000),
    ),
    "two-others-of-three": Contradiction(
        "hybrid",
        "Sec. IV-C against Table 2",
        "DBN fusion is better than the other 2 kinds of features",
        "Table 2 has 3 others, all of which it beats",
        (2, 3),
    ),
    "ck-99": Contradiction(
        "tfe",
        "Abstract against Sec. 4.5",
        "the accuracy on CK+ is 99.31 %",
        "Sec. 4.5 gives 99.24 %, and its gain of 1.68 is the difference from 97.56 %; with the "
        "abstract's figure it would be 1.75",
        (99.31, 99.24, 1.68, 97.56, 1.75),
    ),
    "fer-labels": Contradiction(
        "tfe",
        "Secs. 4.1 and 4.6",
        "FER+ has 7 expressions",
        "the paper names 6, and says that Table 6 scores 8",
        (7, 6, 8),
    ),
    "fer-images": Contradiction(
        "tfe",
        "Sec. 3.1 against Sec. 4.1",
        "FER+ has more than 35000 images",
        "28709 for training and 3589 for test make 32298; the public test part is not mentioned",
        (35000, 28709, 3589, 32298),
    ),
    "mmi-size": Contradiction(
        "dtagn / hybrid",
        "Paper 1, Table 1 against paper 4, Sec. IV-A",
        "MMI has 205 sequences of the six emotions, from 30 subjects",
        "it has 213, from 30 subjects",
        (205, 30, 213, 30),
    ),
    "mmi-state-of-the-art": Contradiction(
        "dtagn / ir3d / hybrid",
        "Paper 4, Table 3 against paper 3, Table 1 and paper 1, Table 6",
        "71.43 % on MMI is better than the state of the art",
        "paper 3, which paper 4 cites, gives 77.5 %, and paper 1 quotes 75.12 % for STM-ExpLet; "
        "splits and sequences differ",
        (71.43, 77.5, 75.12),
    ),
}


def markdown(paper: str = "") -> str:
    """The list as Markdown, as in docs/published.md, for one paper or for all.

    Raises:
        InputError: there is no such paper.
    """
    papers = dict.fromkeys(name for entry in CONTRADICTIONS.values() for name in _papers(entry))
    if paper and paper not in papers:
        raise InputError(f"no paper {paper!r}: choose one of {', '.join(papers)}")
    lines = []
    for key, entry in CONTRADICTIONS.items():
        if not paper or paper in _papers(entry):
            says = entry.says[0].upper() + entry.says[1:]
            lines.append(f"- **{key}** ({entry.paper}; {entry.where}). {says}; but {entry.but}.")
    return "\n".join(lines) + "\n"


def _papers(entry: Contradiction) -> list[str]:
    return entry.paper.split(" / ")
