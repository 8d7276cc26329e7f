"""The collector of a server: what was loaded is let be, and circles are still found."""

import subprocess
import sys

from chatproject.lib.collector import THRESHOLDS

PROGRAM = """
import gc, weakref
from chatproject.lib import collector

class Circle:
    def __init__(self):
        self.own = self

def left_behind():
    return weakref.ref(Circle())

loaded = [Circle() for _ in range(100)]
before = left_behind()
collector.settle()
frozen = gc.get_freeze_count()
after = left_behind()
kept = [[] for _ in range(gc.get_threshold()[0] + 1)]
print(before() is None, frozen >= 200, after() is None, gc.get_threshold())
"""


def test_what_was_loaded_is_let_be_and_circles_are_found():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split(" ", 3) == ["True", "True", "True", f"{THRESHOLDS}\n"]
