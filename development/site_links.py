"""Where the repository's pages stand in the site, and links rewritten for it.

The site shows pages from outside docs/ too: each paper's PAPER.md, the model cards, the changelog,
the tables of results. A link to source code becomes code text, because the site has no repository
to lead to.
"""

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Pages from outside docs/, by their path in the repository.
FIXED = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code_of_conduct.md",
    "results/README.md": "results/index.md",
    "src/fervid/systems/tfe/people/CARD.md": "cards/identity.md",
    "src/fervid/systems/tfe/weights/CARD.md": "cards/tfe.md",
    "src/fervid/systems/dtagn/weights/CARD.md": "cards/dtagn.md",
    "src/fervid/faces/weights/CARD.md": "cards/landmarks.md",
}
# What a link may also name: these lead to a page, too.
ALSO = {"README.md": "index.md", "results": "results/index.md"}

LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)#\s]*)(#[^)\s]*)?\)")
FENCED = re.compile(r"(^```.*?^```$)", re.M | re.S)


def outside_pages(root: Path = ROOT) -> dict[str, str]:
    """Path in the repository -> path in the site, of every page from outside docs/."""
    papers = sorted((root / "src/fervid/systems").glob("*/PAPER.md"))
    tables = sorted((root / "results").glob("*.csv"))
    return {
        **FIXED,
        **{path.relative_to(root).as_posix(): f"systems/{path.parent.name}.md" for path in papers},
        **{path.relative_to(root).as_posix(): f"results/{path.stem}.md" for path in tables},
    }


def rewritten(text: str, source: str, place: str, pages: dict[str, str]) -> str:
    """A page's text with its links as the site needs them; fenced blocks stay as they are.

    Args:
        text: Markdown.
        source: the page's path in the repository, from which its links start.
        place: its path in the site.
        pages: what `outside_pages` returns.
    """

    def link(found: re.Match[str]) -> str:
        mark, label, target, anchor = found[1], found[2], found[3], found[4] or ""
        if not target or re.match(r"[a-z]+:", target):
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        inside = (pages | ALSO).get(path) or (path[5:] if path.startswith("docs/") else "")
        if inside:
            here = posixpath.relpath(inside, posixpath.dirname(place) or ".")
            return f"{mark}[{label}]({here}{anchor})"
        plain = label.strip("`")
        return f"`{plain}`" if path.endswith(plain) else f"{label} (`{path}`)"

    parts = FENCED.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)
