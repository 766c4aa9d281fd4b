"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

torch stays out: on Linux the release at its floor comes with several gigabytes of CUDA, so the
version that `make` installs is used here too. So do ruff, mypy and the stubs: no test needs them.
"""

import re
import tomllib
from itertools import chain
from pathlib import Path

LEFT_OUT = {"torch", "ruff", "mypy"}
FLOOR = re.compile(r"(?P<name>[\w-]+)\s*>=\s*(?P<version>[\w.]+)")

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
requirements = chain(project["dependencies"], *project["optional-dependencies"].values())
floors = {match["name"]: match["version"] for match in map(FLOOR.match, requirements) if match}
for name in sorted(floors.keys() - LEFT_OUT):
    print(f"{name}=={floors[name]}")
