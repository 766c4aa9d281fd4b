"""The systems, by name."""

from collections.abc import Mapping
from dataclasses import replace

from fervid.plugins import joined
from fervid.systems import agn3d, dtagn, hybrid, ir3d, tfe
from fervid.systems.agn3d import AGN3D
from fervid.systems.agn3d.recipe import ADAM
from fervid.systems.dtagn import DTAGN
from fervid.systems.hybrid import Hybrid
from fervid.systems.hybrid.recipe import SGD
from fervid.systems.interface import System
from fervid.systems.ir3d import IR3D
from fervid.systems.tfe import TFE

CATALOGUE: Mapping[str, System] = {
    # [1, Sec. 5.1], CK+ and Oulu-CASIA.
    "dtagn": DTAGN(),
    # [1, Sec. 5.1], MMI: smaller networks, because there are fewer clips.
    "dtagn-mmi": DTAGN(
        name="dtagn-mmi",
        appearance=dtagn.Appearance(
            layers="I64-C(5,32)-P3-C(3,32)-FC30-S",
            init_std=0.03,  # open; larger because its layers are fewer and narrower
            plan=replace(dtagn.Appearance.plan, epochs=100),
        ),
        geometry=dtagn.Geometry(layers="D1176-FC100-FC200-S"),
    ),
    # [1, Sec. 4.1, Fig. 3]: the appearance network sees the last frame alone.
    "dtagn-single-frame": DTAGN(name="dtagn-single-frame", appearance=dtagn.Appearance(frames=1)),
    # Like every `laptop` recipe not the paper's: settings that learn from few clips on one core.
    "dtagn-laptop": DTAGN(
        name="dtagn-laptop",
        appearance=dtagn.Appearance(
            plan=replace(dtagn.Appearance.plan, epochs=60, least_steps=1200),
        ),
        geometry=dtagn.Geometry(
            relative=True,
            plan=replace(dtagn.Geometry.plan, epochs=200, least_steps=4000),
        ),
        joint=dtagn.Joint(plan=replace(dtagn.Joint.plan, least_steps=150)),
        validates=False,
    ),
    # [1, Tables 2, 8, 9]: other ways to join the two networks.
    "dtagn-joint-l3": DTAGN(name="dtagn-joint-l3", output="joint-l3"),
    "dtagn-concat": DTAGN(name="dtagn-concat", output="concat"),
    "dtagn-weighted": DTAGN(name="dtagn-weighted", output="weighted"),
    # [1, Sec. 3.3]: only the geometry network, for landmarks without pictures.
    "dtgn": DTAGN(name="dtgn", output="dtgn"),
    # [3, Fig. 2, Table 1]
    "ir3d": IR3D(),
    "ir3d-shortcut": IR3D(name="ir3d-shortcut", network=ir3d.Network(landmarks=False)),
    "ir2d": IR3D(name="ir2d", network=ir3d.Network(time=False, landmarks=False, head="frames")),
    # Without an LSTM, and with one that reads the mean of each step's map.
    "ir3d-no-lstm": IR3D(name="ir3d-no-lstm", network=ir3d.Network(head="mean")),
    "ir3d-pooled": IR3D(name="ir3d-pooled", network=ir3d.Network(head="lstm-pooled")),
    "ir3d-laptop": IR3D(
        name="ir3d-laptop",
        input=ir3d.Input(size=64, stride=5, change=True),
        network=ir3d.Network(width=0.125),
        plan=replace(
            IR3D.plan,
            epochs=8,
            least_steps=1000,
            learning_rate=0.05,
            gradient_clip=1.0,
            decay="cosine",
            judged="clips",
        ),
        mirror=True,
        validates=False,
    ),
    # [4, Tables 1, 2]
    "hybrid": Hybrid(),
    "hybrid-dbn-1": Hybrid(name="hybrid-dbn-1", output="dbn-1"),
    "hybrid-dbn-2": Hybrid(name="hybrid-dbn-2", output="dbn-2"),
    "hybrid-score": Hybrid(name="hybrid-score", output="score"),
    "hybrid-spatial": Hybrid(name="hybrid-spatial", output="spatial"),
    "hybrid-temporal": Hybrid(name="hybrid-temporal", output="temporal"),
    "hybrid-laptop": Hybrid(
        name="hybrid-laptop",
        input=hybrid.Input(rule="trim", pairs=5, size=64, since="clip", flow_scale=6.0),
        stream=hybrid.Streams(
            width=0.25,
            pretrained="",
            plan=replace(
                SGD,
                epochs=12,
                learning_rate=0.01,
                gradient_clip=1.0,
                decay="cosine",
                choose="accuracy",
                judged="clips",
            ),
        ),
        dbn=hybrid.BeliefNetwork(
            width=0.25,
            # At a lower rate the RBMs stay blank on so few pictures, and tuning then does nothing.
            pretraining=hybrid.Pretraining(epochs=40, learning_rate=0.05),
            plan=replace(
                SGD,
                epochs=20,
                least_steps=1500,
                learning_rate=0.1,
                gradient_clip=1.0,
                choose="accuracy",
                judged="clips",
            ),
        ),
        validates=False,
    ),
    # [2, Sec. III], and a variant with one VGG16 for all pairs of labels.
    "agn3d": AGN3D(),
    "agn3d-shared-trunk": AGN3D(name="agn3d-shared-trunk", geometry=agn3d.Geometry(trunk="shared")),
    "agn3d-laptop": AGN3D(
        name="agn3d-laptop",
        input=agn3d.Input(size=64, encoding="change", film="spread", peak="parts"),
        appearance=agn3d.Appearance(width=0.125, plan=replace(ADAM, epochs=24, least_steps=700)),
        geometry=agn3d.Geometry(
            sees="points",
            width=0.03125,
            plan=replace(ADAM, epochs=60, least_steps=600),
        ),
        joint=agn3d.Joint(plan=replace(agn3d.Joint.plan, epochs=5)),
        validates=False,
    ),
    # [2, Sec. 4.1, Fig. 5]: the paper's own experiment, which has only the appearance network.
    "agn3d-experiment": AGN3D(
        name="agn3d-experiment",
        input=agn3d.Input(size=112, frames=3, encoding="grey"),
        appearance=agn3d.Appearance(kind="four", dropout=0.5),  # dropout: open
        output="appearance",
    ),
    # [5, Sec. 4.2], FER+.
    "tfe": TFE(),
    # [5, Sec. 4.2], CK+: fewer layers, larger faces, another learning rate.
    "tfe-ck": TFE(
        name="tfe-ck",
        input=tfe.Input(size=96, last_frames=3),  # size: open; frames: Sec. 4.1
        emotion=tfe.Emotion(
            layers="C16-I16-P16-P16-P32-P64",
            plan=replace(tfe.Emotion.plan, learning_rate=0.16),
        ),
    ),
    "tfe-laptop": TFE(
        name="tfe-laptop",
        input=tfe.Input(last_frames=3),
        emotion=tfe.Emotion(
            begin="shipped", plan=replace(tfe.Emotion.plan, epochs=20, learning_rate=0.02)
        ),
        tandem=tfe.Tandem(plan=replace(tfe.Tandem.plan, epochs=10, learning_rate=0.01)),
        augmentation=tfe.Shake(),
        validates=False,
    ),
    # [5, Tables 2, 4, 5]: the paper's baselines; `tfe-fresh` has the width but no identity.
    "tfe-resnet": TFE(name="tfe-resnet", output="resnet"),
    "tfe-svm": TFE(name="tfe-svm", output="svm"),
    "tfe-fresh": TFE(name="tfe-fresh", output="joint-fresh"),
    # Not the paper's training: votes instead of one label, more augmentation, wider layers.
    "tfe-plus": TFE(
        name="tfe-plus",
        emotion=tfe.Emotion(
            layers="C32-P48-I48-P96-I96-P144-I144",
            plan=replace(tfe.Emotion.plan, epochs=80, warmup=2, average=0.999),
        ),
        identity=tfe.Identity(local=False),
        tandem=tfe.Tandem(
            plan=replace(tfe.Tandem.plan, epochs=20, learning_rate=0.01, average=0.999)
        ),
        augmentation=tfe.Shake(shift=0.1, turn=15.0, scale=0.15, light=0.2, erase=0.3),
        targets="votes",
        output="resnet",
        mirror=True,
    ),
}

# Includes systems that other packages register (docs/extending.md).
SYSTEMS: Mapping[str, System] = joined(CATALOGUE, "fervid.systems")
