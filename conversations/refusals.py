"""The refusals of a post and of the other verbs: a status and a code (docs/architecture.md, wire contract)."""


class Refusal(Exception):
    """This request changed nothing. `retry_after` is in seconds."""

    def __init__(self, status: int, code: str, *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.retry_after = status, code, retry_after


def not_found() -> Refusal:
    """Foreign and absent are one answer."""
    return Refusal(404, "NOT_FOUND")


def bad_encoding() -> Refusal:
    return Refusal(422, "BAD_ENCODING")


def too_large() -> Refusal:
    return Refusal(413, "TOO_LARGE")


def too_many(retry_after: int) -> Refusal:
    return Refusal(429, "TOO_MANY", retry_after=max(1, retry_after))


def unavailable() -> Refusal:
    return Refusal(503, "UNAVAILABLE", retry_after=2)
