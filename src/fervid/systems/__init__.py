"""The systems, by name."""

from collections.abc import Mapping

from fervid.systems.agn3d import AGN3D
from fervid.systems.dtagn import DTAGN
from fervid.systems.hybrid import Hybrid
from fervid.systems.interface import System
from fervid.systems.ir3d import IR3D, Network
from fervid.systems.tfe import TFE

SYSTEMS: Mapping[str, System] = {
    # [1, Sec. 5.1], CK+ and Oulu-CASIA.
    "dtagn": DTAGN(),
    # [1, Sec. 5.1], MMI: smaller networks, as there are fewer clips.
    "dtagn-mmi": DTAGN(
        name="dtagn-mmi",
        appearance="I64-C(5,32)-P3-C(3,32)-FC30-S",
        geometry="D1176-FC100-FC200-S",
        spread_appearance=0.03,  # open; its layers are fewer and narrower
        epochs_appearance=100,
    ),
    # [1, Sec. 4.1, Fig. 3]: the appearance network sees the last frame alone.
    "dtagn-single-frame": DTAGN(name="dtagn-single-frame", frames_appearance=1),
    # [1, Tables 2, 8, 9]: other ways to join both networks.
    "dtagn-joint-l3": DTAGN(name="dtagn-joint-l3", fusion="joint-l3"),
    "dtagn-concat": DTAGN(name="dtagn-concat", fusion="concat"),
    "dtagn-weighted": DTAGN(name="dtagn-weighted", fusion="weighted"),
    # [3, Fig. 2, Table 1]
    "ir3d": IR3D(),
    "ir3d-shortcut": IR3D(name="ir3d-shortcut", network=Network(landmarks=False)),
    "ir2d": IR3D(name="ir2d", network=Network(time=False, landmarks=False, head="frames")),
    # No LSTM; and one that reads the mean of each step's map.
    "ir3d-no-lstm": IR3D(name="ir3d-no-lstm", network=Network(head="mean")),
    "ir3d-pooled": IR3D(name="ir3d-pooled", network=Network(head="lstm-pooled")),
    # [4, Tables 1, 2]
    "hybrid": Hybrid(),
    "hybrid-dbn-1": Hybrid(name="hybrid-dbn-1", fusion="dbn-1"),
    "hybrid-dbn-2": Hybrid(name="hybrid-dbn-2", fusion="dbn-2"),
    "hybrid-score": Hybrid(name="hybrid-score", fusion="score"),
    "hybrid-spatial": Hybrid(name="hybrid-spatial", fusion="spatial"),
    "hybrid-temporal": Hybrid(name="hybrid-temporal", fusion="temporal"),
    # [2, Sec. III]; and with one VGG16 for all pairs of labels.
    "agn3d": AGN3D(),
    "agn3d-shared-trunk": AGN3D(name="agn3d-shared-trunk", trunk="shared"),
    # [2, Sec. 4.1, Fig. 5]: what the paper itself ran, the appearance network alone.
    "agn3d-experiment": AGN3D(
        name="agn3d-experiment",
        size=112,
        frames=3,
        encoding="grey",
        appearance="four",
        dropout_appearance=0.5,  # open
        geometry=False,
    ),
    # [5, Sec. 4.2], FER+.
    "tfe": TFE(),
    # [5, Sec. 4.2], CK+: fewer layers, larger faces, another learning rate.
    "tfe-ck": TFE(
        name="tfe-ck",
        emotion="C16-I16-P16-P16-P32-P64",
        size=96,  # open
        learning_rate_emotion=0.16,
        last_frames=3,  # [5, Sec. 4.1]
    ),
    # [5, Tables 2, 4, 5]: what the paper compares it with, and width without identity.
    "tfe-resnet": TFE(name="tfe-resnet", answer="resnet"),
    "tfe-svm": TFE(name="tfe-svm", answer="svm"),
    "tfe-fresh": TFE(name="tfe-fresh", answer="joint-fresh"),
    # Not the paper's training: votes instead of one label, stronger augmentation, wider layers.
    "tfe-plus": TFE(
        name="tfe-plus",
        emotion="C32-P48-I48-P96-I96-P144-I144",
        local=False,
        shift=0.1,
        turn=15.0,
        scale=0.15,
        light=0.2,
        erase=0.3,
        epochs_emotion=80,
        epochs_joint=20,
        learning_rate_joint=0.01,
        warmup=2,
        average=0.999,
        targets="votes",
        answer="resnet",
        mirror=True,
    ),
}
