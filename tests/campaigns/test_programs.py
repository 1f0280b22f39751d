"""Campaigns run, in a form so short that it finds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("program", "options", "told"),
    [("readers", ("--tries", "40"), "60 files of 20 kinds: "), ("writes", ("--most", "20"), "journal: 20 cuts: ")],
)
def test_a_campaign_comes_to_its_end(program: str, options: tuple[str, ...], told: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", f"tests.campaigns.{program}", *options],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert told in result.stdout
