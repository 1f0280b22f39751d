"""Messages between window and worker survive however the pipe cuts them."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.worker.protocol import Answer, Cancel, Failure, OpenPath, Predict, Request, Stage, Unpacker, pack

numbers = st.integers(0, 2**40)
messages = st.one_of(
    st.builds(Request, numbers, st.builds(OpenPath, st.text(min_size=1).map(Path))),
    st.builds(Request, numbers, st.builds(Predict, st.just(Path("a")), st.just(Path("b")), st.just("peak"))),
    st.builds(Cancel, numbers),
    st.builds(Stage, numbers, st.text()),
    st.builds(Answer, numbers, st.binary(max_size=5000)),
    st.builds(Failure, numbers, st.text()),
)


@given(st.lists(messages, max_size=6), st.data())
def test_any_cut_gives_the_same_messages(sent, data):
    stream = b"".join(map(pack, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    unpacker, received = Unpacker(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += unpacker.feed(stream[begin:end])
    assert received == sent


def test_a_message_comes_with_its_last_byte_and_not_before():
    unpacker, message = Unpacker(), Stage(7, "Reading")
    *most, last = (bytes([byte]) for byte in pack(message))
    assert all(unpacker.feed(byte) == [] for byte in most)
    assert unpacker.feed(last) == [message]
    assert unpacker.feed(b"") == []


def test_what_is_no_message_is_an_error_and_not_a_wrong_message():
    with pytest.raises(pickle.UnpicklingError):
        Unpacker().feed((3).to_bytes(8, "big") + b"abc")
