"""Frames and how they are played, without any window."""

from pathlib import Path

import numpy as np
import pytest

from app.state.document import Document
from app.state.playback import Playback
from keygrid.data.garment import Garment


def moving(count: int, name: str = "a") -> Garment:
    frames = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
    return Garment(name, np.eye(3), np.array([[0, 1, 2]]), Path(f"{name}.npz"), frames)


class Answer:
    """A prediction as a document knows it, by its number of keypoints."""

    def __init__(self, count: int = 4) -> None:
        self.keypoints = np.zeros((count, 3))


@pytest.fixture
def document() -> Document:
    document = Document()
    document.add_garment(moving(5), choose=True)
    return document


def test_a_frame_shows_its_own_prediction_or_none(document):
    first, third = Answer(), Answer()
    document.show(first, 0)
    document.keypoint = 2
    document.show(third, 2)
    assert document.prediction is first
    document.go_to(1)
    assert document.prediction is None
    document.go_to(2)
    assert document.prediction is third
    assert document.keypoint == 2
    document.go_to(99)
    assert document.frame == 4
    document.go_to(-3)
    assert (document.frame, document.prediction) == (0, first)


def test_another_garment_begins_at_its_first_frame_without_telling_of_frames_of_the_old_one(document):
    document.show(Answer(), 0)
    document.go_to(4)
    told = []
    document.events.frame.connect(told.append)
    document.events.garment.connect(lambda garment: told.append((garment.name, document.frame)))
    document.add_garment(moving(2, "b"), choose=True)
    assert told == [("b", 0)]
    assert not document.predictions
    document.close_garment(document.garment)
    assert (document.garment.name, document.frame) == ("a", 0)


def test_obsolete_predictions_are_shown_only_until_something_else_is(document):
    document.show(Answer(), 0)
    document.show(Answer(), 1)
    shown = document.prediction
    document.forget_predictions()
    assert document.prediction is shown
    document.go_to(1)
    assert document.prediction is None


def test_a_prediction_of_fewer_keypoints_unselects_one_that_is_not_there(document):
    document.show(Answer(8), 0)
    document.keypoint = 6
    document.show(Answer(8), 0)
    assert document.keypoint == 6
    document.show(Answer(4), 0)
    assert document.keypoint is None


def test_playing_goes_round_or_stops_at_the_end(document):
    playback = Playback(loop=True)
    playback.toggle(document)
    seen = []
    for _ in range(6):
        playback.advance(document)
        seen.append(document.frame)
    assert (seen, playback.playing) == ([1, 2, 3, 4, 0, 1], True)
    playback.loop = False
    for _ in range(4):
        playback.advance(document)
    assert (document.frame, playback.playing) == (4, False)
    playback.toggle(document)
    assert (document.frame, playback.playing) == (0, True)
    playback.toggle(document)
    assert not playback.playing


def test_steps_and_jumps_pause(document):
    playback = Playback(playing=True, loop=False)
    playback.step(document, -1)
    assert (document.frame, playback.playing) == (0, False)
    playback.loop = True
    playback.step(document, -1)
    assert document.frame == 4
    playback.step(document, 1)
    assert document.frame == 0
    playback.jump(document, -1)
    assert document.frame == 4
    playback.jump(document, 0)
    assert document.frame == 0


def test_what_does_not_move_does_not_play():
    for garments in ([], [Garment("still", np.eye(3), np.array([[0, 1, 2]]))]):
        document, playback = Document(), Playback()
        for garment in garments:
            document.add_garment(garment, choose=True)
        playback.toggle(document)
        playback.step(document, 1)
        playback.jump(document, -1)
        assert (document.frame, document.frame_count, playback.playing) == (0, 0, False)
