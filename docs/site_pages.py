"""Completes the site of mkdocs.yml: files outside of docs/ that its pages link to become pages too.

They have the path that they have in the project, below `source/`. Text is shown as it is, a
directory as the list of its files, and none of it is searched except Markdown.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
# Not images: those of pages are in docs/.
_LINK = re.compile(r"(?P<text>\]\()(?P<target>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")
_CODE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_ALWAYS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
_LANGUAGES = {".py": "python", ".sql": "sql", ".yml": "yaml", ".service": "ini", ".toml": "toml"}
_NOT_SEARCHED = "---\nsearch:\n  exclude: true\n---\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the linked files, and those that they link to if they are Markdown or directories."""
    waiting = [*DOCS.rglob("*.md"), *(ROOT / name for name in _ALWAYS)]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if _is_shown_by_its_directory(path):
            path = path.parent
        if path in seen:
            continue
        seen.add(path)
        if not path.is_relative_to(DOCS):
            at = place(path)
            files.append(File.generated(config, at.as_posix(), content=_content(path, at)))
        waiting += linked(path).values() if path.suffix == ".md" else ()
        if path.is_dir():
            waiting += shown(path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links of pages of docs/ at the places that files have in the site."""
    at = Path(page.file.src_uri)
    return markdown if at.parts[0] == "source" else relinked(markdown, DOCS / at, at)


def place(path: Path) -> Path:
    """The source of a file's page, relative to docs/."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS)
    inside = "source" / path.relative_to(ROOT)
    if path.is_dir():
        return inside / "index.md"
    if _is_shown_by_its_directory(path):
        return inside.with_name("index.md")
    return inside if path.suffix == ".md" else inside.with_name(f"{inside.name}.md")


def linked(path: Path) -> dict[str, Path]:
    """The existing files that a Markdown file links to, by the text of the link."""
    found = {}
    for link in _LINK.finditer(_CODE.sub("", path.read_text(encoding="utf-8"))):
        target = (path.parent / link["target"]).resolve()
        if target.exists() and target.is_relative_to(ROOT):
            found[link["target"]] = target
    return found


def relinked(markdown: str, path: Path, at: Path) -> str:
    """The text of the Markdown file `path`, whose page is made of `at`."""
    targets = linked(path)

    def replace(found: re.Match[str]) -> str:
        target = targets.get(found["target"])
        if target is None:
            return found[0]
        link = os.path.relpath(place(target), at.parent)
        return f"{found['text']}{quote(link)}{found['anchor'] or ''})"

    return _LINK.sub(replace, markdown)


def shown(folder: Path) -> list[Path]:
    """The files of a directory, and of those in it, that its page lists."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in paths if "__pycache__" not in path.parts and path.suffix != ".csv"]


def _is_shown_by_its_directory(path: Path) -> bool:
    return path.name == "README.md" and path.parent != ROOT


def _content(path: Path, at: Path) -> str:
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        readme = path / "README.md"
        heading = f"# {name}\n"
        if readme.is_file():
            heading = relinked(readme.read_text(encoding="utf-8"), readme, at) + "\n## Files\n"
        lines = [
            f"- [{each.relative_to(path)}]({os.path.relpath(place(each), at.parent)})"
            for each in shown(path)
            if each != readme
        ]
        return "\n".join([f"{_NOT_SEARCHED}{heading}", *lines, ""])
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return relinked(text, path, at)
    language = _LANGUAGES.get(path.suffix, "text")
    return f"{_NOT_SEARCHED}# {name}\n\n`````{language}\n{text.rstrip()}\n`````\n"
