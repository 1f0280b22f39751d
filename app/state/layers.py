"""The table of layers: their names, titles and keys, and the conditions under which they can be shown."""

from collections.abc import Callable
from dataclasses import dataclass

from app.state.document import Subject

Needs = Callable[[Subject], str]
"""A function that returns why a subject has nothing to show in a layer, as a tooltip; empty if it has something."""

Default = Callable[[Subject], bool]
"""A function that returns whether a layer is on by default for a subject."""


def _nothing(_subject: Subject) -> str:
    return ""


@dataclass(frozen=True)
class LayerSpec:
    """A layer as menus, panels and sessions know it; `app.scene.layers.MAKERS` draws it.

    Attributes:
        name: identifier in code, in sessions and on the command line.
        title: title in menus; `&` precedes the mnemonic.
        key: shortcut as Qt writes it; empty for none.
        tip: short description of what it shows.
        on: default state.
        needs: what a subject must have for this layer.
    """

    name: str
    title: str
    key: str
    tip: str
    on: Default
    needs: Needs = _nothing


def _always(_subject: Subject) -> bool:
    return True


def _never(_subject: Subject) -> bool:
    return False


def _on_clouds(subject: Subject) -> bool:
    return subject.garment is not None and subject.garment.is_cloud


def _surface(subject: Subject) -> str:
    return "This garment is a cloud, which has no surface; the layer Points shows it" if _on_clouds(subject) else ""


def _colours(subject: Subject) -> str:
    garment = subject.garment
    return "" if garment is not None and garment.is_coloured else "The file has no colours or textures"


def _frames(subject: Subject) -> str:
    return "" if subject.frame_count > 1 else "Needs a garment that moves"


def _moving_surface(subject: Subject) -> str:
    return _frames(subject) or _surface(subject)


def _explanation(subject: Subject) -> str:
    return subject.unexplained


def _segments(subject: Subject) -> str:
    shown = subject.shown
    return "" if shown is None or len(shown.edges) else "The method of these keypoints has no segments"


def _heatmap(subject: Subject) -> str:
    return subject.unheated


def _rebuilt(subject: Subject) -> str:
    return subject.unrebuilt


def _landmarks(subject: Subject) -> str:
    if subject.landmarks is not None or subject.garment in subject.derived:
        return ""
    return "Needs a garment with landmarks: press K to place some"


def _with_placed(subject: Subject) -> bool:
    return subject.garment in subject.placed or subject.garment in subject.derived


LAYERS: dict[str, LayerSpec] = {
    spec.name: spec
    for spec in (
        LayerSpec("surface", "&Surface", "1", "The garment's triangles", _always, _surface),
        LayerSpec("points", "P&oints", "2", "The garment's own points", _on_clouds),
        LayerSpec("colours", "As in the fi&le", "C", "Colours and textures as the file has them", _on_clouds, _colours),
        LayerSpec("keypoints", "&Keypoints", "3", "Numbered spheres", _always),
        LayerSpec("skeleton", "Sk&eleton", "4", "Segments; the stronger, the more opaque", _always, _segments),
        LayerSpec("slice", "Heatmap sl&ice", "5", "The heatmap on planes", _always, _heatmap),
        LayerSpec("reconstruction", "&Reconstruction", "6", "The cloud that the decoder makes", _never, _rebuilt),
        LayerSpec("trails", "&Trails", "7", "The keypoints' paths over the frames", _always, _frames),
        LayerSpec("first_frame", "First &frame", "8", "The surface in the first frame, faint", _never, _moving_surface),
        LayerSpec("landmarks", "&Landmarks", "9", "Named places", _with_placed, _landmarks),
        LayerSpec("isosurface", "Is&osurface", "0", "Surface where the heatmap has one value", _never, _heatmap),
        LayerSpec("volume", "&Volume", "V", "The heatmap as a translucent volume", _never, _heatmap),
        LayerSpec("samples", "Sa&mpled points", "S", "The points that the network sees", _never, _explanation),
        LayerSpec("ground", "&Ground", "G", "The garment's shadow on the ground below it", _always),
        LayerSpec("axes", "A&xes", "Shift+A", "The directions of X, Y and Z", _always),
    )
}
"""All layers by name, in the order of menus; `Layer.order` sets the order of blending."""
