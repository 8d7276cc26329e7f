"""Python's collector of garbage, set for a server that stays.

Nearly everything is freed at once by counting references; the collector only looks for circles. Left alone it walks
through all that Django and the tables of connections hold again and again, while every socket waits.
"""

import gc

THRESHOLDS = (5_000, 10, 10)  # containers more than freed, then generations younger; bounds what circles may hold


def settle() -> None:
    """When everything is loaded: that stays for good and is not looked at again, and the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
