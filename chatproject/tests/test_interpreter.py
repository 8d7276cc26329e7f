"""Python of a server: what was loaded is let be, circles are found, and no thread keeps the loop waiting for long."""

import subprocess
import sys

from chatproject.lib.interpreter import SWITCH_SECONDS, THRESHOLDS

PROGRAM = """
import gc, sys, weakref
from chatproject.lib import interpreter

class Circle:
    def __init__(self):
        self.own = self

def left_behind():
    return weakref.ref(Circle())

loaded = [Circle() for _ in range(100)]
before = left_behind()
interpreter.settle()
frozen = gc.get_freeze_count()
after = left_behind()
kept = [[] for _ in range(gc.get_threshold()[0] + 1)]
print(before() is None, frozen >= 200, after() is None, sys.getswitchinterval(), gc.get_threshold())
"""


def test_what_was_loaded_is_let_be_circles_are_found_and_threads_take_turns():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split(" ", 4) == ["True", "True", "True", f"{SWITCH_SECONDS}", f"{THRESHOLDS}\n"]
