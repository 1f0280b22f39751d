"""Reports that `evaluate` writes."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from keygrid.errors import KeygridError
from keygrid.evaluation.confusion import KINDS
from keygrid.evaluation.curves import curves
from keygrid.evaluation.metrics import METRICS
from keygrid.evaluation.protocol import SETTINGS, Protocol, judge
from keygrid.evaluation.report import FORMATS, Report, tables, write
from keygrid.methods import open_method
from tests.evaluation.test_metrics import folding

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MEASURE = """<script>
const box = (part) => part.getBoundingClientRect()
document.title = JSON.stringify({
  wider: document.documentElement.scrollWidth - innerWidth,
  charts: [...document.querySelectorAll("svg")].filter((one) => box(one).width > 100 && box(one).height > 100).length,
  tables: [...document.querySelectorAll("table")].filter((one) => box(one).right > innerWidth).length,
  letters: [...document.querySelectorAll("th")].map((one) => getComputedStyle(one).fontSize),
})</script>"""

STILL = Protocol(turn="none", remesh="none")


@pytest.fixture(scope="module")
def report() -> Report:
    methods, garments = [open_method("farthest?k=4"), open_method("geodesic?k=4")], [folding(frames=3)]
    judged = judge(methods, garments, STILL)
    return Report(judged, STILL, curves(methods, garments, STILL, ["noise", "points"]), "python main.py evaluate <all>")


def test_a_method_of_surfaces_has_no_curve_over_points(report: Report) -> None:
    names = {(point.kind, point.method) for point in report.curves}
    assert names == {("noise", "farthest?k=4"), ("noise", "geodesic?k=4"), ("points", "farthest?k=4")}
    mild, *_, bad = (point.values["strict"] for point in report.curves if point.method == "farthest?k=4")
    assert mild >= 0
    assert bad >= 0


def test_every_table_has_a_row_a_method(report: Report) -> None:
    found = tables(report)
    assert all(len(row) == len(table.head) for table in found for row in table.rows)
    assert {SETTINGS["across"], SETTINGS["turned"], SETTINGS["as_it_lies"]} <= {table.caption for table in found}
    assert [row[0] for row in found[0].rows] == ["farthest?k=4", "geodesic?k=4"]


def test_all_formats_say_the_same(report: Report, tmp_path: Path) -> None:
    texts = {}
    for ending in FORMATS:
        write(report, tmp_path / f"report{ending}")
        texts[ending] = (tmp_path / f"report{ending}").read_text()
    known = json.loads(texts[".json"])
    strict = known["methods"][1]["mean"]["across"]["strict"]
    rows = list(csv.DictReader(io.StringIO(texts[".csv"])))
    (row,) = (row for row in rows if row["method"] == "geodesic?k=4" and row["setting"] == "across")
    assert float(row["strict"]) == pytest.approx(strict)
    assert f"{strict:.3f}" in texts[".md"]
    assert f"{strict:.3f}" in texts[".html"]
    assert known["command"] == "python main.py evaluate <all>"
    assert list(known["methods"][0]["confusion"]) == list(KINDS)
    assert sum(known["methods"][0]["confusion"].values()) == pytest.approx(1)


def test_the_page_needs_no_other_file_and_explains_its_metrics(report: Report) -> None:
    page = FORMATS[".html"](report)
    assert "src=" not in page
    assert 'href="http' not in page.replace("http://www.w3.org", "")
    assert page.count("<svg") == 4 + 2  # two metrics over two disturbances, and a worst frame of each method
    assert all(metric.title in page for metric in METRICS.values())
    assert "&lt;all&gt;" in page


def test_an_unknown_ending_names_the_known_ones(report: Report, tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match=r"must end in one of \.json, \.md, \.csv, \.html"):
        write(report, tmp_path / "report.pdf")


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome")
@pytest.mark.parametrize("width", [1280, 500])
def test_a_browser_shows_every_chart_within_the_page(report: Report, tmp_path: Path, width: int) -> None:
    page = tmp_path / "report.html"
    page.write_text(FORMATS[".html"](report) + MEASURE, encoding="utf-8")
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},900", "--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, done.stderr  # the page's own complaints
    found = json.loads(re.findall("<title>(.*?)</title>", done.stdout)[-1].replace("&quot;", '"'))
    assert found["wider"] <= 0
    assert found["charts"] == 4 + 2
    assert found["tables"] == 0
    assert set(found["letters"]) == {"15px"}
