"""The SDK's HTTP client over aiohttp, loaded without the SDK.

`import anthropic` loads some 2,900 modules, the types of every beta among them: a second or two and 50 MB.
Of all that a run uses this one client, so it is loaded from its own folder in the SDK.
"""

import sys
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx2

_FOLDER = "_vendor/httpx_aiohttp"
_NAME = "anthropic_httpx_aiohttp"  # of our own, so that a later `import anthropic` finds nothing half loaded


def sdk_client(folder: str = _FOLDER) -> type[httpx2.AsyncClient]:
    """Give the class of the SDK's client over aiohttp.

    A release of the SDK that does not have it in this folder of its package is imported whole.
    """
    sdk = find_spec("anthropic")  # finds, and imports nothing
    places = sdk.submodule_search_locations if sdk else None
    home = Path(next(iter(places or ("",)))) / folder
    spec = spec_from_file_location(_NAME, home / "__init__.py", submodule_search_locations=[str(home)])
    try:
        assert spec is not None  # noqa: S101 - the name ends in .py
        assert spec.loader is not None  # noqa: S101 - as above
        sys.modules[_NAME] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
        client: type[httpx2.AsyncClient] = module.Httpx2AiohttpClient
    except (ImportError, OSError, AttributeError):
        from anthropic import DefaultAioHttpClient  # noqa: PLC0415 - only where there is no other way

        return DefaultAioHttpClient
    return client


if TYPE_CHECKING:
    _SdkClient = httpx2.AsyncClient
else:
    _SdkClient = sdk_client()


class Http(_SdkClient):
    """That client without redirects and cookies: what one reply sets must not reach the next call."""

    def __init__(self, *, connections: int, timeout: httpx2.Timeout, trust_env: bool) -> None:
        super().__init__(
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            timeout=timeout,
            follow_redirects=False,
            trust_env=trust_env,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def exchange(self, request: httpx2.Request) -> httpx2.Response:
        """Hand a request to the SDK's transport, and give the reply with its body unread.

        What httpx2 does around that, a fifth of what a call costs, is for logins, redirects, cookies and
        hooks; there are none of these.
        """
        response = await self._transport_for_url(request.url).handle_async_request(request)
        response.request = request
        return response

    def _init_transport(self, *arguments: Any, **options: Any) -> httpx2.AsyncBaseTransport:  # noqa: ANN401 - httpx2's own
        return _without_cookies(super()._init_transport(*arguments, **options))

    def _init_proxy_transport(self, *arguments: Any, **options: Any) -> httpx2.AsyncBaseTransport:  # noqa: ANN401 - httpx2's own
        return _without_cookies(super()._init_proxy_transport(*arguments, **options))


def _without_cookies(transport: Any) -> httpx2.AsyncBaseTransport:  # noqa: ANN401 - the SDK has no public name for it
    """Have the transport open a session that keeps no cookies; it is opened inside the running loop."""
    limits: httpx2.Limits = transport.limits

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=limits.max_connections or 0,
            keepalive_timeout=limits.keepalive_expiry,
            ssl=transport.ssl_context,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    transport.client = session
    return transport  # type: ignore[no-any-return]  # it is one
