"""What to cite: the five papers, and the databases they are judged by.

A field that we are not sure of is left out. Authors are written as BibTeX wants them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fervid.errors import InputError


@dataclass(frozen=True)
class Work:
    """One entry of a bibliography.

    Args:
        kind: BibTeX's entry type.
        key: BibTeX's key.
        fields: BibTeX's further fields, in the order to print.
    """

    kind: str
    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    venue: str
    fields: Mapping[str, str]

    @property
    def bibtex(self) -> str:
        """The entry, a line per field, without a newline at its end."""
        holder = {"article": "journal", "inproceedings": "booktitle"}.get(self.kind, "institution")
        fields = {
            # A second pair of braces keeps the capitals of names.
            "title": f"{{{self.title}}}",
            "author": " and ".join(self.authors),
            holder: self.venue,
            "year": str(self.year),
            **self.fields,
        }
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
        return f"@{self.kind}{{{self.key},\n" + ",\n".join(lines) + "\n}"


# fervid's names of the papers, in the order of their numbers.
PAPERS: Mapping[str, Work] = {
    "dtagn": Work(
        "inproceedings",
        "jung2015joint",
        "Joint Fine-Tuning in Deep Neural Networks for Facial Expression Recognition",
        ("Jung, Heechul", "Lee, Sihaeng", "Yim, Junho", "Park, Sunjeong", "Kim, Junmo"),
        2015,
        "IEEE International Conference on Computer Vision (ICCV)",
        {"pages": "2983--2991"},
    ),
    "agn3d": Work(
        "article",
        "kim2020realtime",
        "Real-time Facial Expression Recognition using 3D Appearance and Geometric Network "
        "for Public Security",
        ("Kim, Byung-Gyu",),
        2020,
        "Journal of Defense Acquisition and Technology",
        {"volume": "2", "number": "1"},
    ),
    "ir3d": Work(
        "inproceedings",
        "hasani2017facial",
        "Facial Expression Recognition Using Enhanced Deep 3D Convolutional Neural Networks",
        ("Hasani, Behzad", "Mahoor, Mohammad H."),
        2017,
        "IEEE Conference on Computer Vision and Pattern Recognition Workshops (CVPRW)",
        {"pages": "2278--2288"},
    ),
    "hybrid": Work(
        "article",
        "zhang2019learning",
        "Learning Affective Video Features for Facial Expression Recognition via Hybrid "
        "Deep Learning",
        (
            "Zhang, Shiqing",
            "Pan, Xianzhang",
            "Cui, Yueli",
            "Zhao, Xiaoming",
            "Liu, Limei",
        ),
        2019,
        "IEEE Access",
        {"volume": "7", "pages": "32297--32304", "doi": "10.1109/ACCESS.2019.2901521"},
    ),
    "tfe": Work(
        "article",
        "li2021facial",
        "Facial Expression Recognition with Identity and Emotion Joint Learning",
        (
            "Li, Ming",
            "Xu, Hao",
            "Huang, Xingchang",
            "Song, Zhanmei",
            "Liu, Xiaolin",
            "Li, Xin",
        ),
        2021,
        "IEEE Transactions on Affective Computing",
        {"volume": "12", "number": "2", "pages": "544--550", "doi": "10.1109/TAFFC.2018.2880201"},
    ),
}

DATABASES: Mapping[str, Work] = {
    "ck_plus": Work(
        "inproceedings",
        "lucey2010extended",
        "The Extended Cohn-Kanade Dataset (CK+): A Complete Dataset for Action Unit and "
        "Emotion-Specified Expression",
        (
            "Lucey, Patrick",
            "Cohn, Jeffrey F.",
            "Kanade, Takeo",
            "Saragih, Jason",
            "Ambadar, Zara",
            "Matthews, Iain",
        ),
        2010,
        "IEEE Computer Society Conference on Computer Vision and Pattern Recognition Workshops",
        {"pages": "94--101", "doi": "10.1109/CVPRW.2010.5543262"},
    ),
    "oulu_casia": Work(
        "article",
        "zhao2011facial",
        "Facial Expression Recognition from Near-Infrared Videos",
        (
            "Zhao, Guoying",
            "Huang, Xiaohua",
            "Taini, Matti",
            "Li, Stan Z.",
            r"Pietik{\"a}inen, Matti",
        ),
        2011,
        "Image and Vision Computing",
        {"volume": "29", "number": "9", "pages": "607--619"},
    ),
    "mmi": Work(
        "inproceedings",
        "pantic2005web",
        "Web-Based Database for Facial Expression Analysis",
        ("Pantic, Maja", "Valstar, Michel", "Rademaker, Ron", "Maat, Ludo"),
        2005,
        "IEEE International Conference on Multimedia and Expo (ICME)",
        {"pages": "317--321"},
    ),
    "gemep_fera": Work(
        "inproceedings",
        "valstar2011first",
        "The First Facial Expression Recognition and Analysis Challenge",
        (
            "Valstar, Michel F.",
            "Jiang, Bihan",
            "Mehu, Marc",
            "Pantic, Maja",
            "Scherer, Klaus",
        ),
        2011,
        "IEEE International Conference on Automatic Face and Gesture Recognition (FG)",
        {"pages": "921--926"},
    ),
    "disfa": Work(
        "article",
        "mavadati2013disfa",
        "DISFA: A Spontaneous Facial Action Intensity Database",
        (
            "Mavadati, S. Mohammad",
            "Mahoor, Mohammad H.",
            "Bartlett, Kevin",
            "Trinh, Philip",
            "Cohn, Jeffrey F.",
        ),
        2013,
        "IEEE Transactions on Affective Computing",
        {"volume": "4", "number": "2", "pages": "151--160", "doi": "10.1109/T-AFFC.2013.4"},
    ),
    "baum_1s": Work(
        "article",
        "zhalehpour2017baum",
        "BAUM-1: A Spontaneous Audio-Visual Face Database of Affective and Mental States",
        (
            "Zhalehpour, Sara",
            "Onder, Onur",
            "Akhtar, Zahid",
            "Erdem, Cigdem Eroglu",
        ),
        2017,
        "IEEE Transactions on Affective Computing",
        {"volume": "8", "number": "3", "pages": "300--313"},
    ),
    "rml": Work(
        "article",
        "wang2012kernel",
        "Kernel Cross-Modal Factor Analysis for Information Fusion with Application to "
        "Bimodal Emotion Recognition",
        ("Wang, Yongjin", "Guan, Ling", "Venetsanopoulos, Anastasios N."),
        2012,
        "IEEE Transactions on Multimedia",
        {"volume": "14", "number": "3", "pages": "597--607"},
    ),
    "fer_plus": Work(
        "inproceedings",
        "barsoum2016training",
        "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label "
        "Distribution",
        ("Barsoum, Emad", "Zhang, Cha", "Canton Ferrer, Cristian", "Zhang, Zhengyou"),
        2016,
        "ACM International Conference on Multimodal Interaction (ICMI)",
        {"pages": "279--283", "doi": "10.1145/2993148.2993165"},
    ),
    "casia_webface": Work(
        "article",
        "yi2014learning",
        "Learning Face Representation from Scratch",
        ("Yi, Dong", "Lei, Zhen", "Liao, Shengcai", "Li, Stan Z."),
        2014,
        "arXiv preprint arXiv:1411.7923",
        {},
    ),
    "openface": Work(
        "inproceedings",
        "baltrusaitis2018openface",
        "OpenFace 2.0: Facial Behavior Analysis Toolkit",
        ("Baltrusaitis, Tadas", "Zadeh, Amir", "Lim, Yao Chong", "Morency, Louis-Philippe"),
        2018,
        "IEEE International Conference on Automatic Face and Gesture Recognition",
        {"pages": "59--66"},
    ),
    "fex": Work(
        "article",
        "cheong2023pyfeat",
        "Py-Feat: Python Facial Expression Analysis Toolbox",
        (
            "Cheong, Jin Hyun",
            "Jolly, Eshin",
            "Xie, Tiankang",
            "Byrne, Sophie",
            "Kenney, Matthew",
            "Chang, Luke J.",
        ),
        2023,
        "Affective Science",
        {"volume": "4", "pages": "781--796"},
    ),
    "lfw": Work(
        "techreport",
        "huang2007labeled",
        "Labeled Faces in the Wild: A Database for Studying Face Recognition in "
        "Unconstrained Environments",
        ("Huang, Gary B.", "Ramesh, Manu", "Berg, Tamara", "Learned-Miller, Erik"),
        2007,
        "University of Massachusetts, Amherst",
        {"number": "07-49"},
    ),
    "afew": Work(
        "article",
        "dhall2012collecting",
        "Collecting Large, Richly Annotated Facial-Expression Databases from Movies",
        ("Dhall, Abhinav", "Goecke, Roland", "Lucey, Simon", "Gedeon, Tom"),
        2012,
        "IEEE MultiMedia",
        {"volume": "19", "number": "3", "pages": "34--41"},
    ),
    "dfew": Work(
        "inproceedings",
        "jiang2020dfew",
        "DFEW: A Large-Scale Database for Recognizing Dynamic Facial Expressions in the Wild",
        (
            "Jiang, Xingxun",
            "Zong, Yuan",
            "Zheng, Wenming",
            "Tang, Chuangao",
            "Xia, Wanchuang",
            "Lu, Cheng",
            "Liu, Jiateng",
        ),
        2020,
        "ACM International Conference on Multimedia",
        {"pages": "2881--2889", "doi": "10.1145/3394171.3413620"},
    ),
    "ferv39k": Work(
        "inproceedings",
        "wang2022ferv39k",
        "FERV39k: A Large-Scale Multi-Scene Dataset for Facial Expression Recognition in Videos",
        (
            "Wang, Yan",
            "Sun, Yixuan",
            "Huang, Yiwen",
            "Liu, Zhongying",
            "Gao, Shuyong",
            "Zhang, Wei",
            "Ge, Weifeng",
            "Zhang, Wenqiang",
        ),
        2022,
        "IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)",
        {"pages": "20922--20931", "doi": "10.1109/CVPR52688.2022.02025"},
    ),
    "mafw": Work(
        "inproceedings",
        "liu2022mafw",
        "MAFW: A Large-scale, Multi-modal, Compound Affective Database for Dynamic Facial "
        "Expression Recognition in the Wild",
        (
            "Liu, Yuanyuan",
            "Dai, Wei",
            "Feng, Chuanxu",
            "Wang, Wenbin",
            "Yin, Guanghao",
            "Zeng, Jiabei",
            "Shan, Shiguang",
        ),
        2022,
        "ACM International Conference on Multimedia",
        {"pages": "24--32", "doi": "10.1145/3503161.3548190"},
    ),
}


# Systems called by another name than their paper.
VARIANTS: Mapping[str, str] = {"ir2d": "ir3d", "dtgn": "dtagn"}


def cite(key: str) -> str:
    """The BibTeX entry of a system's paper or of a database.

    Args:
        key: a key of PAPERS or DATABASES; or one of those with a variant's name behind it
            ("dtagn-mmi", "ck_plus_stills").

    Raises:
        InputError: neither a paper nor a database.

    >>> print(cite("casia_webface").splitlines()[0])
    @article{yi2014learning,
    """
    works = {**PAPERS, **DATABASES}
    known = {**{name: name for name in works}, **VARIANTS}
    names = [known[n] for n in known if key == n or key.startswith((f"{n}-", f"{n}_"))]
    if not names:
        raise InputError(f"nothing to cite for {key!r}: choose one of {', '.join(works)}")
    return works[max(names, key=len)].bibtex
