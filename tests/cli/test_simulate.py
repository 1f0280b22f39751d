from pathlib import Path

from tests.cli.conftest import Refuse, run


def test_a_garment_is_sewn_simulated_and_followed(tmp_path: Path, tiny_checkpoint: Path) -> None:
    skirt, out = tmp_path / "skirt.ply", tmp_path / "keypoints.csv"
    assert run("sew", "Skirt", "--seed", 1, "--measure", "length=40", "--out", skirt).returncode == 0
    result = run("simulate", skirt, "--motion", "drop", "--frames", 3, "--vertices", 200, "--out", tmp_path / "moved")
    assert result.returncode == 0, result.stderr
    sequence = Path(result.stdout.strip())
    assert sequence == tmp_path / "moved" / "skirt-drop-0.npz"
    (damaged := tmp_path / "moved" / "damaged.npz").write_bytes(sequence.read_bytes()[:5000])
    result = run("predict", sequence.parent, "--frames", "--checkpoint", tiny_checkpoint, "--out", out)
    assert result.returncode == 0
    assert damaged.name in result.stderr
    rows = out.read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == [f"{sequence}@{frame}" for frame in range(3) for _ in range(4)]


def test_a_garment_that_can_not_be_made_or_moved_is_one_sentence(refuse: Refuse) -> None:
    assert "Skirt has no measure 'x'; its measures are length, waist" in refuse(
        "sew", "Skirt", "--measure", "x=1", "--out", "s.obj"
    )
    assert "points" in refuse("simulate", "points.xyz", "--motion", "drop", "--out", "new")
