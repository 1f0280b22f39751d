"""Triangles that look like cloth, opaque or translucent."""

from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers.base import Floats, set_depths
from keygrid.data.garment import Garment

_DEPTHS = "farDepth"
"""The uniform with the offset of depths of translucent cloth."""

FAR = 0.99
"""Offset of depths of translucent cloth: anything inside or behind the cloth is drawn over it, and hides none of it."""

_DEPTH = f"  gl_Position.z = (1.0 - {_DEPTHS}) * gl_Position.z + {_DEPTHS} * gl_Position.w;\n"

_STEP = 3e-6
"""A few steps of a 24-bit depth buffer, so that rounding does not make fragments hide themselves."""

_SHADING = """
  float key = 0.5 + 0.5 * dot(normalVCVSOutput, vec3(-0.43, 0.52, 0.74));
  float fill = max(dot(normalVCVSOutput, vec3(0.78, 0.05, 0.62)), 0.0);
  float rim = 1.0 - abs(normalVCVSOutput.z);
  float light = (gl_FrontFacing ? 1.0 : 0.78) * (0.24 + 0.82 * key * key + 0.10 * fill);
  fragOutput0 = vec4(diffuseColor * light + 0.18 * rim * rim * rim, opacity);
"""
"""Light that moves with the camera: a wrapped key light, as fibres scatter it, a fill light and a rim light.

VTK's own lights take twice as long in software.
"""


def cloth_mesh(garment: Garment) -> pv.PolyData:
    """Return a garment's triangles, oriented consistently and outwards as far as possible, with vertex normals."""
    mesh = pv.PolyData.from_regular_faces(garment.vertices, garment.faces)  # type: ignore[arg-type]
    # Triangles that are wound alike have normals that agree; how they are wound does not change as they move.
    mesh = mesh.compute_normals(cell_normals=False, split_vertices=False, consistent_normals=True)
    corners = np.asarray(mesh.points, np.float64)[mesh.regular_faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    centres = corners.mean(axis=1)
    if float((across * (centres - centres.mean(axis=0))).sum()) < 0:
        mesh.regular_faces = mesh.regular_faces[:, ::-1].copy()
    mesh.point_data.active_normals_name = "Normals"
    return mesh


def make_cloth(actor: Any) -> None:
    """Make an actor with normals look like cloth."""
    actor.prop.interpolation = "phong"
    actor.GetShaderProperty().AddFragmentShaderReplacement("//VTK::Light::Impl", True, _SHADING, False)
    _set_depth(actor)


def make_depth_only(actor: Any) -> None:
    """Make an actor write depth without colour, so that of what is drawn next, only the nearest part is visible."""
    actor.prop.lighting = False
    _set_depth(actor, _STEP)
    # After fragments without opacity would be thrown away, with their depth.
    actor.GetShaderProperty().AddFragmentShaderReplacement(
        "//VTK::DepthPeeling::Impl", True, "gl_FragData[0] = vec4(0.0);\n", False
    )


def make_hem(actor: Any) -> None:
    """Make lines on cloth visible wherever the cloth does not hide itself."""
    _set_depth(actor, -_STEP)


def hems(faces: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the edges (E, 2) that belong to only one of the triangles (F, 3), as vertex indices."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    found, counts = np.unique(edges, axis=0, return_counts=True)
    return found[counts == 1].astype(np.int64)


def set_opacity(actor: Any, opacity: float) -> None:
    """Set the opacity of cloth; depths of cloth that is not opaque are offset."""
    actor.prop.opacity = opacity
    # In the pass of what is opaque depths are kept, and blending is on nevertheless.
    actor.ForceOpaqueOn()
    actor.GetShaderProperty().GetVertexCustomUniforms().SetUniformf(_DEPTHS, 0.0 if opacity >= 1 else FAR)


def _set_depth(actor: Any, farther: float = 0.0) -> None:
    """Offset depths, by slightly more than the cloth's."""
    code = _DEPTH + f"  gl_Position.z += {farther} * gl_Position.w;\n" if farther else _DEPTH
    set_depths(actor, code)
    actor.GetShaderProperty().GetVertexCustomUniforms().SetUniformf(_DEPTHS, FAR)


def vertex_normals(vertices: Floats, faces: NDArray[np.integer]) -> Floats:
    """Return unit normals (V, 3), each the mean of its triangles' normals weighted by their areas."""
    corners = vertices[faces]  # [F, 3, 3]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    triangle_of_corner = np.repeat(across, 3, axis=0)
    sums = [np.bincount(faces.ravel(), triangle_of_corner[:, axis], len(vertices)) for axis in range(3)]
    normals = np.stack(sums, axis=1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
