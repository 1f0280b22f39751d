"""The documentation holds: its examples run, its links lead somewhere, and its scores are what a command wrote."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def test_the_examples_in_python_run() -> None:
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "20 frames" in result.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_page_is_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in text] == []


def test_the_scores_of_the_readme_are_those_that_the_command_wrote() -> None:
    results = json.loads((ROOT / "docs" / "results" / "t-shirts.json").read_text(encoding="utf-8"))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for method in results["methods"]:
        across = method["mean"]["across"]
        cells = [f"{across[key]:.3f}" for key in ("strict", "tolerant", "coverage", "consistency")]
        name = method["name"].removesuffix(".safetensors")
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
        assert [cell.strip(" *") for cell in row.split("|")[-5:-1]] == cells
    assert results["command"].replace("python main.py", "main.py") in (ROOT / "docs" / "evaluate.md").read_text()
