"""Which key goes where: an eval file may come from a stranger, so it does not decide that alone."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from harness.errors import AccessError, InputError
from harness.records.inputs import ModelSpec

TRUSTED = "HARNESS_HOSTS"
"""Environment variable that names further hosts a key may go to, separated by commas."""

_OWN = "api.anthropic.com"
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def key_for(spec: ModelSpec, environ: Mapping[str, str]) -> str:
    """Return the key for this model from the environment.

    Keys go to the API's own host and to this machine; to another host only if HARNESS_HOSTS names it,
    and never unencrypted. Raises InputError for a host that is not trusted, AccessError when there is no key.
    """
    try:
        address = urlsplit(spec.base_url)
        host, _ = address.hostname or "", address.port
    except ValueError as error:
        msg = f"base_url: not an address: {error}, got {spec.base_url!r}"
        raise InputError(msg) from None
    if host not in _HERE:
        trusted = {_OWN, *(name.strip().lower() for name in environ.get(TRUSTED, "").split(","))}
        if host not in trusted:
            msg = f"base_url: a key goes to {_OWN} or to this machine, got {spec.base_url!r}"
            raise InputError(msg, hint=f"if you trust that host: export {TRUSTED}={host or 'its-name'}")
        if address.scheme != "https":
            msg = f"base_url: a key travels by https only, got {spec.base_url!r}"
            raise InputError(msg)
    key = environ.get(spec.key_variable, "")
    if not key:
        msg = f"no API key: the environment variable {spec.key_variable} is not set"
        hint = f"export {spec.key_variable}=…, or try `harness demo`, which needs none"
        raise AccessError(msg, hint=hint)
    return key
