"""Python itself, set for a server that stays: its collector of garbage, and how long a thread keeps others waiting.

Nearly everything is freed at once by counting references; the collector only looks for circles. Left alone it walks
through all that Django and the tables of connections hold again and again, while every socket waits.

Each time the event loop comes back from the kernel it needs the interpreter's lock, and a thread that computes (that
looks after the logins of thousands of sockets, say) keeps it for the interval: several times a batch of messages.
"""

import gc
import sys

THRESHOLDS = (5_000, 10, 10)  # containers more than freed, then generations younger; bounds what circles may hold
SWITCH_SECONDS = 0.0005  # a tenth of Python's own


def settle() -> None:
    """When everything is loaded: that stays for good and is not looked at again, and the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(SWITCH_SECONDS)
