"""Methods that other packages offer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keygrid.errors import KeygridError
from keygrid.methods.registry import identify, open_method


def test_a_method_of_another_package_is_listed_and_opens(toy_package: Path) -> None:
    code = """if True:
        from pathlib import Path
        from keygrid.data import open_path
        from keygrid.errors import KeygridError
        from keygrid.methods import methods, open_method, unlearned_methods
        print([identity.spec for identity, _ in unlearned_methods()])
        found = open_method("toy?k=3").find([open_path(Path("assets/garments/unisex_shirt.ply"))])[0]
        print(found.normalised.round(3).tolist()[1], found.method.title)
        try:
            open_method("broken")
        except KeygridError as error:
            print(error)
    """
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(toy_package)}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert said[0] == "['farthest?k=8', 'geodesic?k=8', 'still?k=8', 'iss?k=8', 'toy?k=8']"
    assert said[1].endswith("Diagonal of the box")
    assert said[2] == "The method 'broken', broken_package:ENTRY, can't be loaded: No module named 'nowhere_at_all'."


def test_a_shipped_checkpoint_is_opened_by_its_name() -> None:
    found = identify("tops-k8-surface")
    assert found.path is not None
    assert found.path.samefile(Path(__file__).parents[2] / "assets" / "checkpoints" / "tops-k8-surface.safetensors")
    assert open_method(found.spec).id == found
    with pytest.raises(KeygridError, match="no method 'tops-k9-surface'"):
        identify("tops-k9-surface")
