"""The errors that cross floors. Texts that programs compare equal upstream's."""

from __future__ import annotations


class AmpError(Exception):
    """Base of the errors that AMP raises on purpose."""


class ConfigError(AmpError, ValueError):
    """A configuration that is refused.

    Attributes:
        cause: upstream's text of the refusal, without the place.
        file: the file's name as given, None for text that came from no file.
        line: 1-based line, None when the problem has no place.
        key: dotted path of the key (`receivers[0].webhook_configs[0].url`), None when unknown.
    """

    def __init__(
        self,
        cause: str,
        *,
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
    ) -> None:
        """Keeps the parts; `str()` shows all of them."""
        self.cause = cause
        self.file = file
        self.line = line
        self.key = key
        super().__init__(cause)

    def __str__(self) -> str:
        place = [] if self.file is None else [self.file]
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.key is not None:
            place.append(self.key)
        return f"{self.cause} ({', '.join(place)})" if place else self.cause


class FlagError(AmpError):
    """A flag's value that its type allows and its meaning does not.

    Attributes:
        message: upstream's log line; the error's own text is the cause, which may be empty.
    """

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(cause)
        self.message = message


class BadRequest(AmpError):
    """A request that is answered with 400 and this text."""


class NotFound(AmpError):
    """A thing that a request named and that does not exist."""


class StoreUnavailable(AmpError):
    """The store cannot take or give data now; the text says why."""


class StoreLocked(AmpError):
    """Another process owns the store; the text names it."""


class BackupError(AmpError):
    """A backup that cannot be made, read or restored; the text says why in one sentence."""


class SendError(AmpError):
    """A delivery attempt that failed.

    Attributes:
        reason: the metric's label: `other`, `clientError`, `serverError`, `authError`,
            `rateLimited`, `contextCanceled`, `contextDeadlineExceeded`.
        retryable: whether another attempt may help.
    """

    def __init__(self, message: str, *, reason: str = "other", retryable: bool = False) -> None:
        """Keeps the metric's reason and the verdict beside the text."""
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable
