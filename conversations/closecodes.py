"""Why the server closes a socket; mirrored in `transport/closecodes.js`. A server may send 1000 and 3000 to 4999."""

BAD_FRAMES = 4400
LOGIN_NEEDED = 4401
DEVICE_NEEDED = 4403
TOO_SLOW = 4408
REPLACED = 4409
GOING_AWAY = 4412
FRAME_TOO_LARGE = 4413
TOO_MANY = 4429
SERVER_ERROR = 4500

PAUSE_SECONDS = 60  # after TOO_MANY, before the next try

OPENING_MS = 25  # of a server's thread, for each socket that comes back
RETRY_LEAST_MS = 500
RETRY_MOST_MS = 15_000  # what is posted meanwhile has to arrive within 25 s


def retry_hint(sockets: int) -> str:
    """The reason that goes with GOING_AWAY where so many are closed: how many ms to stay away at most.

    Each takes a random part of it, so that they come back no faster than they can be let in.
    """
    return f"retry={min(max(sockets * OPENING_MS, RETRY_LEAST_MS), RETRY_MOST_MS)}"
