"""How counters lie in Redis: as decimal numbers. Django's own way unpickles what it finds, and whoever can write to
Redis could run code in the server with it.
"""


class Numbers:
    """The serializer of the Redis cache. Whatever is no number raises ValueError or TypeError, both ways."""

    def dumps(self, value: object) -> int | str:
        """`incr` needs whole numbers as they are."""
        if type(value) not in (int, float):
            raise TypeError("only numbers are kept")
        return value if isinstance(value, int) else repr(value)

    def loads(self, data: bytes) -> int | float:
        try:
            return int(data)
        except ValueError:
            return float(data)
