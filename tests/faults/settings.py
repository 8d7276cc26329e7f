"""The product's settings, with what a fault needs to be otherwise in the server's process: its clock, its layer, the
life of its sockets. What nobody asks for is as in production.
"""

import datetime
import os

import time_machine

from chatproject.settings import *  # noqa: F403
from chatproject.settings import CHANNEL_LAYERS, REDIS_URL

if "FAULT_CLOCK_HOURS" in os.environ:
    _there = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=float(os.environ["FAULT_CLOCK_HOURS"]))
    time_machine.travel(_there, tick=True).start()

if "FAULT_LAYER_CAPACITY" in os.environ:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
            "capacity": int(os.environ["FAULT_LAYER_CAPACITY"]),
            "group_expiry": int(os.environ.get("FAULT_GROUP_EXPIRY", "86400")),
        },
    }

if "FAULT_SOCKET_LIFE_SECONDS" in os.environ:
    ASGI_APPLICATION = "tests.faults.short_lived.application"
