"""Clouds as text: separators, decimal commas, names, counts."""

from pathlib import Path

import numpy as np
import pytest

from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError

POINTS = [[0.25, 1.5, -3], [4, 0.5, 6.125]]


@pytest.mark.parametrize(
    "text",
    [
        "0,25 1,5 -3\n4 0,5 6,125\n",
        "0,25\t1,5\t-3,0\t10\n4,0\t0,5\t6,125\t20\n",
        "0,25;1,5;-3\r\n4;0,5;6,125\r\n",
        "0,25 ; 1,5 ; -3,0\n4,0 ; 0,5 ; 6,125\n",
        "0,25, 1,5, -3,0\n4,0, 0,5, 6,125\n",
        "2,5e-1 1,5 -3\n4 0,5 6,125\n",
        "0.25,1.5,-3\n4,0.5,6.125\n",
        "0.25, 1.5, -3\n4, 0.5, 6.125\n",
        "0.25 , 1.5 , -3\n4 , 0.5 , 6.125\n",
        "0.25;1.5;-3\n4;0.5;6.125\n",
        "0.25,1.5,-3 255,0,0\n4,0.5,6.125 255,0,0\n",
        "X Y Z R G B\n0.25 1.5 -3 1 2 3\n4 0.5 6.125 1 2 3\n",
        '"x";"y";"z"\n0,25;1,5;-3\n4;0,5;6,125\n',
        "// made by a scanner\n//X,Y,Z\n2\n0.25,1.5,-3\n4,0.5,6.125\n",
        "intensity,X (m),Y (m),Z (m)\n7,0.25,1.5,-3\n7,4,0.5,6.125\n",
        "2\n0.25 1.5 -3 9\n4 0.5 6.125 9\n",
        "1\n0.25 1.5 -3\n1\n4 0.5 6.125\n",
        "0.25|1.5|-3\n4|0.5|6.125\n",
        '"x","y","z"\n"0.25","1.5","-3"\n"4","0.5","6.125"\n',
        '"0,25","1,5","-3"\n"4","0,5","6,125"\n',
        "2.5D-01 1.5D+00 -3.0D0\n0.4D1 0.5 6.125\n",
        "0.25\u00a01.5\u00a0\u22123\n4\u00a00.5\u00a06.125\n",
        "x,y,z\nnull,null,null\n0.25,1.5,-3\nN/A,-,-\n4,0.5,6.125\n",
        "0.25 1.5 -3\n1.#QNAN nan(ind) -1.#IND\n4 0.5 6.125\n",
    ],
)
@pytest.mark.parametrize("ending", ["xyz", "pts", "txt"])
def test_what_people_have_in_a_table(text: str, ending: str, tmp_path: Path) -> None:
    (tmp_path / f"a.{ending}").write_bytes(text.encode())
    np.testing.assert_array_equal(read_garment(tmp_path / f"a.{ending}").vertices, POINTS)


@pytest.mark.parametrize(
    "text",
    [
        "0,051,1,007,0,066\n0,149,1,356,0,144\n",  # three numbers or six
        "448,262.25 5,411,933.5 214.25\n",  # thousands
        "1.448,5 2.411,5 214,5\n",
        "1,5 2,5 3.5\n",
        "1,2,3;4,5,6;7,8,9\n",
        "1,2,3 4,5,6 7,8,9\n",
    ],
)
def test_commas_that_can_mean_two_things_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(KeygridError, match="commas that may separate"):
        read_garment(tmp_path / "a.xyz")


@pytest.mark.parametrize("text", ["3\n1 2 3\n4 5 6\n2\n1 2 3\n4 5 6\n", "1\n1 2 3\n2\n4 5 6\n", "1\n1 2 3\n5\n"])
def test_any_of_several_scans_may_be_cut_off(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.pts").write_text(text)
    with pytest.raises(KeygridError, match="cut off"):
        read_garment(tmp_path / "a.pts")


@pytest.mark.parametrize("text", ["x y z\n", "Dear reader,\nthis is prose.\n", "0.1x 0.2 0.3\n1 2 3\n"])
def test_what_is_no_table_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(KeygridError, match="not a cloud"):
        read_garment(tmp_path / "a.txt")
