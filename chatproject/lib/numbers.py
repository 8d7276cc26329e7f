"""How counters lie in Redis: as decimal numbers. Django's own way unpickles what it finds, and whoever can write to
Redis could run code in the server with it.
"""

from redis.exceptions import RedisError


class NotOurs(RedisError, ValueError):
    """What lies in Redis is not what we put there: it cannot be relied upon, as if it were away."""


class Numbers:
    """The serializer of the Redis cache. Of what is no number `dumps` raises TypeError, `loads` NotOurs."""

    def dumps(self, value: object) -> int | str:
        """`incr` needs whole numbers as they are."""
        if type(value) not in (int, float):
            raise TypeError("only numbers are kept")
        return value if isinstance(value, int) else repr(value)

    def loads(self, data: bytes) -> int | float:
        try:
            return int(data)
        except ValueError:
            pass
        try:
            return float(data)
        except ValueError:
            raise NotOurs from None
