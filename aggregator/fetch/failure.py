"""Exception → what happened, as an Outcome and one line for people. Pure."""

import errno
import ssl
from collections.abc import Iterator

import aiohttp

from aggregator.fetch.decode import TooLargeError, UndecodableError
from aggregator.fetch.guard import ForbiddenError
from aggregator.model import Outcome

_PLAIN = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
}


class RequestError(Exception):
    """This request has failed; `str(error)` is one line for people."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def explain(error: BaseException) -> RequestError:
    """Whatever a look-up, a connection or an answer raised, in our words."""
    if isinstance(error, RequestError):
        return error
    for cause in _causes(error):
        if isinstance(cause, ForbiddenError):
            return RequestError(Outcome.REFUSED, str(cause))
    outcome, message = _known(error)
    return RequestError(outcome, " ".join(message.split())[:300])


def _known(error: BaseException) -> tuple[Outcome, str]:  # noqa: PLR0911 – a table, one line a case
    match error:
        case UndecodableError():
            return Outcome.BROKEN, f"undecodable body: {error}"
        case TooLargeError():
            return Outcome.REFUSED, "the body is larger than poll.max_body"
        case aiohttp.ClientConnectorDNSError():
            return Outcome.UNREACHABLE, f"name not found: {error.os_error.strerror or error.os_error}"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return Outcome.UNREACHABLE, f"TLS: {_tls(error)}"
        case aiohttp.ClientHttpProxyError():
            return Outcome.UNREACHABLE, f"the proxy answered {error.status}"
        case aiohttp.ClientConnectorError():
            return Outcome.UNREACHABLE, f"no connection: {_os(error.os_error)}"
        case aiohttp.ServerDisconnectedError():
            return Outcome.UNREACHABLE, "the server hung up without an answer"
        case aiohttp.ClientPayloadError():
            return Outcome.BROKEN, "the body is cut or its framing is wrong"
        case aiohttp.ClientResponseError():
            return Outcome.BROKEN, f"not an HTTP answer: {error.message[:60]}"
        case OSError():
            return Outcome.UNREACHABLE, _os(error)
    return Outcome.BROKEN, f"{type(error).__name__}: {error}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _os(error: OSError) -> str:
    return _PLAIN.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__


def _tls(error: BaseException) -> str:
    for cause in _causes(error):
        if message := getattr(cause, "verify_message", ""):  # of ssl.SSLCertVerificationError; aiohttp's lacks it
            return f"certificate not accepted ({message})"
    return str(getattr(error, "os_error", error))
