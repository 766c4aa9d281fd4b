"""Forge an MMI tree: Sessions/<n>/ with the real names; the videos hold no picture."""

from pathlib import Path

# session -> (subject id, emotion, view); emotion None: only action units were coded.
SESSIONS = {
    1: ("1", "4", "frontal"),
    2: ("1", "1", ""),
    9: ("2", None, "frontal"),
    10: ("2", "6", "profile"),
    11: ("10", "3", "frontal"),
    100: ("3", "8", "frontal"),
    1767: ("53", "2", "dual"),
    2401: ("3", "5", "frontal"),
}

SESSION = """<?xml version="1.0" encoding="UTF-8"?>
<session sessionId="{number}" isStimulated="0">
  <subject id="{subject}" gender="F"/>
  <track type="Video" filename="{video}" timeSamples="65"{view}/>
</session>
"""
VIDEO = """<?xml version="1.0" encoding="UTF-8"?>
<track filename="{video}"><Metadata>{emotion}
  <Metadatum Name="Coder" Value="x"/></Metadata></track>
"""


def make(root: Path) -> Path:
    """Write the tree under `root`."""
    for number, (subject, emotion, view) in SESSIONS.items():
        folder = root / "Sessions" / str(number)
        folder.mkdir(parents=True)
        stem = f"S{int(subject):03d}-{number:03d}"
        said = f' view="{view}"' if view else ""
        marked = f'<Metadatum Name="Emotion" Value="{emotion}"/>' if emotion else ""
        video = f"{stem}.AVI" if number == 2 else f"{stem}.avi"
        (folder / video).write_bytes(b"RIFF")
        (folder / "session.xml").write_text(
            SESSION.format(number=number, subject=subject, video=video, view=said)
        )
        (folder / f"{stem}.xml").write_text(VIDEO.format(video=video, emotion=marked))
        (folder / f"._{stem}.xml").write_bytes(b"\0\5\x16\7")
    return root
