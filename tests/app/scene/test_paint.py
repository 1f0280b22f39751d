"""Surfaces and clouds as their files have them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.scene.layers.paint import PaintLayer
from app.state.layers import LAYERS
from keygrid.data.garment import Garment
from keygrid.data.paint import Paint
from tests.app.scene.conftest import Stage, predicted

GREEN, RED = (0, 200, 0), (200, 0, 0)


@pytest.fixture(scope="module")
def textured(shirt: Garment) -> Garment:
    """The shirt: red below, and above with a texture that is green in its upper half, where its corners are."""
    middle = shirt.vertices[:, 1].mean()
    is_above = shirt.vertices[shirt.faces][:, :, 1].mean(axis=1) > middle
    image = np.zeros((8, 8, 3), np.uint8)
    image[:4], image[4:] = GREEN, (0, 0, 255)
    colours = np.full((len(shirt.faces), 3, 3), 255, np.uint8)
    colours[~is_above] = RED
    places = np.tile(np.float32([0.5, 0.75]), (len(shirt.faces), 3, 1))
    return replace(shirt, name="textured", paint=Paint(colours, places, np.where(is_above, 0, -1), (image,)))


def seen(stage: Stage, colour: int) -> NDArray[np.bool_]:
    """(H, W): where the picture has much more of one of red, green and blue than of the others."""
    pixels = stage.pixels()
    others = np.delete(pixels, colour, axis=2).max(axis=2)
    found: NDArray[np.bool_] = pixels[:, :, colour] > others + 60
    return found


def test_a_surface_has_its_own_colours_and_textures_only_where_wanted(stage: Stage, textured: Garment) -> None:
    stage.show(textured, axes=False)
    assert not stage.view.shows("colours")
    assert not seen(stage, 0).any()
    stage.switch(colours=True)
    red, green, blue = (seen(stage, colour) for colour in range(3))
    assert red.sum() > 500
    assert green.sum() > 500
    assert blue.sum() == 0, "the lower half of the texture is nowhere"
    assert np.flatnonzero(green.any(axis=1)).mean() < np.flatnonzero(red.any(axis=1)).mean(), "rows from the top"
    layer = stage.scene.layers["colours"]
    assert isinstance(layer, PaintLayer)
    assert layer.images == 1
    assert not stage.scene.layers["surface"].visible
    stage.switch(surface=False)
    assert not seen(stage, 0).any()


def test_weights_come_before_colours(stage: Stage, textured: Garment) -> None:
    stage.show(textured, predicted(textured), colours=True, keypoints=False, skeleton=False, slice=False)
    stage.view.settings.weights, stage.subject.keypoint = True, 0
    stage.draw()
    assert not stage.scene.layers["colours"].visible
    assert stage.scene.layers["surface"].visible


def test_colours_move_with_the_surface(stage: Stage, textured: Garment) -> None:
    far = textured.vertices + np.array([0, 0, 3 * textured.diagonal])
    moving = replace(textured, frames=np.stack([textured.vertices, far]).astype(np.float32))
    stage.show(moving, colours=True, axes=False)
    before = seen(stage, 0)
    stage.go_to(1, None)
    assert (seen(stage, 0) != before).any()
    np.testing.assert_allclose(stage.scene.layers["colours"].points, far, rtol=1e-4)


def test_a_cloud_has_its_own_colours_unless_they_are_switched_off(stage: Stage, cloud: Garment) -> None:
    assert LAYERS["colours"].needs(stage.subject)
    stage.show(replace(cloud, colours=np.tile(np.array(RED, np.uint8), (len(cloud.vertices), 1))), axes=False)
    assert seen(stage, 0).sum() > 100
    stage.switch(colours=False)
    assert not seen(stage, 0).any()
    assert stage.scene.layers["points"].visible


def test_one_without_colours_has_no_such_layer_and_says_so(stage: Stage, shirt: Garment) -> None:
    stage.show(replace(shirt, colours=None), colours=True)
    assert "no colours" in stage.view.lacks("colours")
    assert stage.scene.layers["surface"].visible
