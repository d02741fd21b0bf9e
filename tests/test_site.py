"""The documentation as a site: mkdocs.yml builds it without a warning, and it needs no other host."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generate import DOCS, pages
from tests.servers import ROOT


def build(folder: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(folder)],
        capture_output=True,
        text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("mkdocs", "material"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'rollupctl[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    # Broken links and anchors, pages that the navigation lacks: all are warnings.
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_in_the_site(site: Path) -> None:
    for page in pages():
        inside = page.relative_to(DOCS) if page.is_relative_to(DOCS) else Path("source", page.name)
        name = "index.html" if inside.name == "README.md" else f"{inside.stem}.html"
        assert (site / inside.with_name(name)).is_file(), page


def test_a_page_asks_no_other_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        asked = re.findall(
            r"<(?:script|link|img|iframe)[^>]*(?:src|href)=.?(?:https?:)?//[^>]*", text
        )
        assert asked == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(
            r"(?:url\(|@import )[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")
        ), sheet


def test_search_knows_all_that_is_written_and_no_source_code(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    places = {each["location"].partition("#")[0] for each in index["docs"]}
    assert {"start.html", "coming-from/timescaledb.html", "runbooks/lag-grows.html"} <= places
    assert "source/CHANGELOG.html" in places
    assert not [place for place in places if place.startswith("source/tests/")]
    sections = {each["location"] for each in index["docs"]}
    assert "sql.html#rollupcreate_rollup" in sections


def test_links_to_files_lead_to_their_text(site: Path) -> None:
    page = (site / "examples.html").read_text(encoding="utf-8")
    assert 'href="source/examples/sales.sql.html"' in page
    shown = (site / "source" / "examples" / "sales.sql.html").read_text(encoding="utf-8")
    assert "create_rollup" in shown
    listed = (site / "source" / "examples" / "dbt" / "index.html").read_text(encoding="utf-8")
    assert 'href="models/sources.yml.html"' in listed
    assert 'href="../../../pipelines.html"' in listed


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_search_finds_in_a_browser(site: Path, browser: Any) -> None:
    asked: list[str] = []
    with served(site) as home:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{home}/index.html")
        page.fill(".md-search__input", "forgotten transaction deferred")
        page.wait_for_selector(".md-search-result__item a")
        found = [
            link.get_attribute("href")
            for link in page.query_selector_all("a.md-search-result__link")
        ]
        page.close()
    assert any("run-deferred.html" in link or "operations.html" in link for link in found)
    assert [url for url in asked if not url.startswith((home, "data:", "blob:"))] == []


def test_a_broken_link_fails_the_build(site: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# A\n\n[b](nowhere.md) [c](#nothing)\n")
    config = tmp_path / "mkdocs.yml"
    text = re.sub(
        r"^hooks:.*?(?=^theme:)", "", (ROOT / "mkdocs.yml").read_text(), flags=re.M | re.S
    )
    config.write_text(text[: text.index("nav:\n  - Start")])
    done = build(tmp_path / "site", config)
    assert done.returncode != 0
    assert "nowhere.md" in done.stdout + done.stderr
    assert "#nothing" in done.stdout + done.stderr


def test_run_says_what_build_needs() -> None:
    done = subprocess.run(
        ["./run", "docs", "--build"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stderr) == (2, "run: usage: ./run docs --build DIR\n")
