"""Paper 5 (joint learning of identity and emotion): the numbers of its text.

Its tables are missing from our copy, so these are only the numbers in the prose.
"""

from dataclasses import replace
from functools import cache

from fervid.papers.published.record import AS_IN_SOURCE, Confusion, Published, TextRows, from_text

KEY = "tfe"
PROTOCOLS = {
    "ck_plus": "10-fold; the paper does not say whether by subject",
    "fer_plus": "private test part",
    "lfw": "ten given folds, 6000 pairs",
}

RESULTS: TextRows = (
    ("Abstract", "TFE-JL", "accuracy", 99.31, "%", "ck_plus"),
    ("Abstract", "TFE-JL", "accuracy", 84.29, "%", "fer_plus"),
    ("Sec. 4.4", "DeepID", "verification accuracy", 91, "%", "lfw"),
    ("Sec. 4.5", "ResNet", "accuracy", 97.56, "%", "ck_plus"),
    ("Sec. 4.5", "TFE-JL", "accuracy", 99.24, "%", "ck_plus"),
    ("Sec. 4.5", "gain over ResNet", "as in Table 2", 1.68, "points", "ck_plus"),
    ("Sec. 4.5", "gain over PPDN", "about, as in Table 3", 2, "points", "ck_plus"),
    ("Sec. 4.6", "ResNet", "accuracy", 83.1, "%", "fer_plus"),
    ("Sec. 4.6", "TFE-JL", "accuracy", 84.3, "%", "fer_plus"),
    ("Sec. 4.6", "gain over ResNet", "accuracy", 1.2, "points", "fer_plus"),
    ("Sec. 4.6", "gain over VGG13(MV)", "as in Table 5", 0.5, "points", "fer_plus"),
)
# Both accuracies go with the curves of one training, yet they differ by Table 2's gain.
EXAMPLE = "given for the one example of training in Fig. 5"
PPDN = Published(
    KEY, "text", "PPDN, from sequences", "accuracy", 99.3, "%", "ck_plus", AS_IN_SOURCE,
    own=False, source="Sec. 4.5, its [2]",
    note="trained on whole sequences after CASIA-WebFace, unlike the other methods",
)  # fmt: skip
TEXT: TextRows = (
    ("Sec. 3.1", "identity feature", "numbers", 160, "count", ""),
    ("Sec. 3.1", "emotion feature", "numbers", 64, "count", ""),
    ("Sec. 4.5", "TFE feature", "numbers", 224, "count", ""),
    ("Sec. 3.1", "images", "more than", 35000, "count", "fer_plus"),
    ("Sec. 4.1", "subjects", "all", 10575, "count", "casia_webface"),
    ("Sec. 4.1", "images", "all", 494414, "count", "casia_webface"),
    ("Sec. 4.3", "images", "with a face found", 435863, "count", "casia_webface"),
    ("Sec. 4.3", "images", "validation", 10575, "count", "casia_webface"),
    ("Sec. 4.1", "images", "all", 13233, "count", "lfw"),
    ("Sec. 4.1", "subjects", "all", 5749, "count", "lfw"),
    ("Sec. 4.1", "pairs", "all", 6000, "count", "lfw"),
    ("Sec. 4.1", "sequences", "labelled", 327, "count", "ck_plus"),
    ("Sec. 4.1", "images", "all", 1308, "count", "ck_plus"),
    ("Sec. 4.1", "labels", "all", 8, "count", "ck_plus"),
    ("Sec. 4.1", "images", "training", 28709, "count", "fer_plus"),
    ("Sec. 4.1", "images", "test", 3589, "count", "fer_plus"),
    ("Sec. 4.1", "labels", "said", 7, "count", "fer_plus"),
    ("Sec. 4.1", "labels", "named", 6, "count", "fer_plus"),
    ("Sec. 4.6", "labels", "scored in Table 6", 8, "count", "fer_plus"),
)
CONFUSIONS: dict[str, Confusion] = {}


@cache
def records() -> tuple[Published, ...]:
    """All numbers of the text, results first."""
    results = from_text(KEY, RESULTS, PROTOCOLS)
    return (
        *(
            replace(number, note=EXAMPLE)
            if (number.source, number.column) == ("Sec. 4.5", "accuracy")
            else number
            for number in results
        ),
        PPDN,
        *from_text(KEY, TEXT),
    )
