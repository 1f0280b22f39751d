"""The guard against what tests leave behind notices it."""

import subprocess
import sys
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget


def test_a_thread_is_noticed(surroundings):
    before, stop = surroundings.now(), threading.Event()
    thread = threading.Thread(target=stop.wait, name="forgotten")
    thread.start()
    assert before.left_behind() == ["thread forgotten"]
    stop.set()
    thread.join()
    assert before.left_behind() == []


@pytest.mark.parametrize("ended", [False, True])
def test_a_process_is_noticed_until_it_is_waited_for(surroundings, ended):
    before = surroundings.now()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        if ended:
            process.kill()
        (left,) = before.left_behind()
        assert left.startswith("process ")
    assert before.left_behind() == []


def test_a_timer_is_noticed(surroundings):
    before, timer = surroundings.now(), QTimer()
    timer.start(100_000)
    assert before.left_behind() == ["timer of NoneType"]
    timer.stop()
    assert before.left_behind() == []


def test_a_window_is_noticed(surroundings):
    before, window = surroundings.now(), QWidget(windowTitle="forgotten")
    window.show()
    assert before.left_behind() == ["window forgotten"]
    window.close()
    assert before.left_behind() == []
