import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_everything_that_prediction_compiles_is_there_afterwards() -> None:
    # The same process for both, so that what the first call leaves in memory is what the second one would look for.
    code = (
        "from keygrid.warm_up import compile_all\n"
        "compile_all()\n"
        "from pathlib import Path\n"
        "from numba.core.event import install_recorder\n"
        "from keygrid.data.readers import read_garment\n"
        "from keygrid.methods.learned import LearnedMethod\n"
        "from keygrid.prediction import heatmap\n"
        "with install_recorder('numba:compile') as compiled:\n"
        "    found = LearnedMethod(Path('assets/checkpoints/tshirt-k8.safetensors'))"
        ".find([read_garment(Path('assets/garments/unisex_shirt.ply'))])[0]\n"
        "    heatmap(found.normalised, found)\n"
        "    found.grid_heatmap\n"
        "print(len(compiled.buffer))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split() == ["0"]
