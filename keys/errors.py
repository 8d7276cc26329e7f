"""The one exception by which keys refuses an object; its code is one of protocol section 13."""


class Refused(Exception):
    """An object that does not verify. Carries a code only, never bytes of the object."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
