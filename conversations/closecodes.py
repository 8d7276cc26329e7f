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
