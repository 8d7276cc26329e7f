"""What `/readyz` asks besides the databases: parts that know something about themselves say it here at start."""

from collections.abc import Awaitable, Callable

Question = Callable[[], Awaitable[bool]]

needed: dict[str, Question] = {}
"""Without one of these this process must not be sent anybody."""
helpful: dict[str, Question] = {}
"""Without one of these it serves, but not as well. All processes share them, so none is taken out of service."""
