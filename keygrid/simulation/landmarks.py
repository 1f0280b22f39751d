"""Landmarks of `garments.TShirt`, transferred to other T-shirts."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from keygrid.data.garment import Garment, Landmarks
from keygrid.errors import KeygridError
from keygrid.geometry.mesh import edge_lengths, edges_of
from keygrid.simulation.remesh import nearest_material

Floats = NDArray[np.float64]


def tshirt_landmarks(garment: Garment) -> Landmarks:
    """Return the landmarks of an upright T-shirt with four openings, y up and its front towards +z.

    The openings determine the neck, hem and sleeve ends; paths between them determine the underarms, and the silhouette
    the shoulders.

    Raises:
        KeygridError: the garment does not have four openings.
    """
    import gpytoolbox

    vertices = garment.vertices
    loops = [vertices[loop] for loop in gpytoolbox.boundary_loops(garment.faces.astype(np.int32))]
    if len(loops) != 4:
        raise KeygridError(f"A T-shirt has four openings, but {garment.name} has {len(loops)}.")
    hem, *sleeves, neck = sorted(loops, key=lambda loop: float(loop[:, 1].mean()))
    places: dict[str, Floats] = {}
    for side, sign, sleeve in (
        ("left", 1.0, max(sleeves, key=lambda loop: float(loop[:, 0].mean()))),
        ("right", -1.0, min(sleeves, key=lambda loop: float(loop[:, 0].mean()))),
    ):
        ends = {
            "hem": hem[np.argmax(sign * hem[:, 0])],
            "sleeve bottom": sleeve[np.argmin(sleeve[:, 1])],
            "sleeve top": sleeve[np.argmax(sleeve[:, 1])],
            "neck": neck[np.argmax(sign * neck[:, 0])],
        }
        ends["underarm"] = _bend(garment, ends["hem"], ends["sleeve bottom"])
        ends["shoulder"] = _corner(vertices, ends["sleeve top"], ends["neck"])
        places |= {f"{side} {name}": place for name, place in ends.items()}
    for name, loop in (("neck", neck), ("hem", hem)):
        middle = loop[np.abs(loop[:, 0] - np.median(loop[:, 0])) < 0.15 * np.ptp(loop[:, 0])]
        places[f"front {name}"] = middle[np.argmax(middle[:, 2])]
        places[f"back {name}"] = middle[np.argmin(middle[:, 2])]
    material = nearest_material(np.array(list(places.values())), vertices, garment.faces)
    return Landmarks(material.faces, material.barycentric, tuple(places))


def _bend(garment: Garment, start: Floats, end: Floats) -> Floats:
    """Return the point on the shortest surface path between two places that is farthest from their chord."""
    vertices = garment.vertices
    edges, _ = edges_of(garment.faces)
    graph = csr_matrix((edge_lengths(vertices, edges), edges.T), shape=(len(vertices),) * 2)
    first, last = (int(np.linalg.norm(vertices - place, axis=1).argmin()) for place in (start, end))
    before = dijkstra(graph, directed=False, indices=np.array([first]), return_predecessors=True)[1][0]
    way = [last]
    while way[-1] != first:
        way.append(int(before[way[-1]]))
    chord = (end - start) / np.linalg.norm(end - start)
    offsets = vertices[way] - start
    place: Floats = vertices[way[int(np.linalg.norm(offsets - np.outer(offsets @ chord, chord), axis=1).argmax())]]
    return place


def _corner(vertices: Floats, start: Floats, end: Floats) -> Floats:
    """Return the outermost vertex above the chord between two places on the silhouette, seen from the front."""
    chord = (end - start)[:2]
    normal = np.array([chord[1], -chord[0]]) * np.sign(-chord[0])  # upwards
    offsets = (vertices - start)[:, :2]
    along = offsets @ chord / (chord @ chord)
    above = np.where((along > 0) & (along < 1), offsets @ normal, -np.inf)
    place: Floats = vertices[int(above.argmax())]
    return place
