"""Assemble the site's pages in build/pages: of docs/, from elsewhere, and generated ones.

What builds the site from there (mkdocs.yml) needs no plugin of ours and can be exchanged.
"""

import re
import shutil
from pathlib import Path

import site_pages
from site_links import ROOT, outside_pages, rewritten

# A line `<!-- generated: NAME -->` in a page is replaced by this.
GENERATED = {
    "commands": site_pages.commands,
    "recipes": site_pages.recipes,
    "names": site_pages.names,
}
MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.M)
LEFT_OUT = {"docs/package.md"}  # what a package index shows


def assemble(out: Path, root: Path = ROOT) -> list[Path]:
    """Write all pages and pictures into a folder, which is emptied first; returns the pages."""
    shutil.rmtree(out, ignore_errors=True)
    outside = outside_pages(root)
    inside = {
        path.relative_to(root).as_posix(): path.relative_to(root / "docs").as_posix()
        for path in sorted((root / "docs").rglob("*"))
        if path.is_file()
    }
    for source, place in (inside | outside).items():
        if source not in LEFT_OUT:
            _write(root / source, out / place, source, place, outside)
    return sorted(out.rglob("*.md"))


def _write(path: Path, target: Path, source: str, place: str, outside: dict[str, str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".md":
        text = rewritten(path.read_text(encoding="utf-8"), source, place, outside)
        text = MARK.sub(lambda found: GENERATED[found[1]](), text)
        if place == "results/index.md":
            links = (
                f"- [{each.name}]({each.stem}.md)" for each in sorted(path.parent.glob("*.csv"))
            )
            text += "\n".join(("\n## All tables\n", *links, ""))
        target.write_text(text, encoding="utf-8")
    elif path.suffix == ".csv" and target.suffix == ".md":
        target.write_text(site_pages.results(path), encoding="utf-8")
        shutil.copyfile(path, target.with_suffix(".csv"))
    elif path.suffix == ".ipynb":
        text, pictures = site_pages.notebook(path, f"{path.stem}_files")
        target.with_suffix(".md").write_text(text, encoding="utf-8")
        for name, content in pictures.items():
            picture = target.parent / name
            picture.parent.mkdir(exist_ok=True)
            picture.write_bytes(content)
    else:
        shutil.copyfile(path, target)


if __name__ == "__main__":
    print(f"{len(assemble(ROOT / 'build/pages'))} pages in build/pages")
