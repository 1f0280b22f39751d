"""What a network learns from: two Chamfer distances and nothing else (paper, section 3.5)."""

from torch import Tensor

from keygrid import geometry
from keygrid.model.network import Output


def losses(output: Output, points: Tensor, farthest: int, start: int) -> dict[str, Tensor]:
    """Loss terms, each a mean over the batch, in squared normalised units.

    Args:
        output: what the network said of `points`.
        points: (B, N, 3), normalised.
        farthest: J, how many farthest points the keypoints should cover.
        start: index at which their sampling starts; drawn anew each step in training.

    Returns:
        `farthest`: Chamfer distance of keypoints and farthest points; `similarity`: of reconstruction and cloud.
    """
    targets = geometry.gather(points, geometry.farthest_points(points, farthest, start))
    return {
        "farthest": geometry.chamfer(output.keypoints, targets).mean(),
        "similarity": geometry.chamfer(output.reconstruction, points).mean(),
    }
