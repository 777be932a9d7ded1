"""How channels are reached, by conda's configuration: proxies, certificates, mirrors, credentials.

Input: a configuration and the variables; output: an ``Access`` for the children, and in plain words what of the
configuration they cannot honour. py-rattler itself reads rattler's credentials (``RATTLER_AUTH_FILE``, or
``~/.rattler/credentials.json``) and netrc (``NETRC``, or ``~/.netrc``).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from kdoctor.fix.channels import resolve
from kdoctor.fix.conda import Access
from kdoctor.fix.condarc import CondaConfig
from kdoctor.fix.secret import token_of, user_of, without_user

_SCHEMES = ("http", "https")


def access_of(config: CondaConfig, environ: Mapping[str, str]) -> Access:
    """What the children need to know to reach the channels.

    Variables for proxies win over ``proxy_servers``, as they do in conda; REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE name
    what to trust where ``ssl_verify`` is left at true.
    """
    proxies = {scheme: proxy for scheme in _SCHEMES if (proxy := _proxy(scheme, config, environ))}
    no_proxy = environ.get("no_proxy", "") or environ.get("NO_PROXY", "")
    return Access(
        mirrors=_mirrors(config),
        headers=_headers(config),
        proxies=proxies,
        no_proxy=tuple(host.strip() for host in no_proxy.split(",") if host.strip()),
        ca_file=_ca_file(config, environ),
        tls_no_verify=config.ssl_verify is False,
    )


def _proxy(scheme: str, config: CondaConfig, environ: Mapping[str, str]) -> str:
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        if environ.get(name, ""):
            return environ[name]
    key = scheme if scheme in config.proxy_servers else "all"
    secret = config.credentials.get(f"proxy:{key}")
    return secret.text if secret else config.proxy_servers.get(key, "")


def _ca_file(config: CondaConfig, environ: Mapping[str, str]) -> str:
    if isinstance(config.ssl_verify, str):
        return "" if config.ssl_verify == "truststore" else config.ssl_verify
    named = (environ.get(name, "") for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    return next((path for path in named if path), "") if config.ssl_verify else ""


def _secrets(config: CondaConfig) -> Iterator[tuple[str, str]]:
    """Clean URLs and the same with what is secret in them."""
    for url, secret in config.credentials.items():
        if not url.startswith("proxy:"):
            yield url, secret.text


def _mirrors(config: CondaConfig) -> dict[str, tuple[str, ...]]:
    """Mirrors of channels, and URLs with a token instead of those without."""
    found: dict[str, tuple[str, ...]] = {
        f"{url}/": (f"{without_user(text)}/",) for url, text in _secrets(config) if token_of(text)
    }
    for name, urls in config.mirrored_channels.items():
        if urls[:1] and urls[0].startswith("file:"):
            continue  # the channel itself is then that folder
        servers = tuple(f"{_with_token(url, config)}/" for url in urls if not url.startswith("file:"))
        for channel in resolve(name, config):
            found[f"{channel.url}/"] = servers
    return {url: rows for url, rows in found.items() if rows}


def _with_token(url: str, config: CondaConfig) -> str:
    secret = config.credentials.get(url)
    return without_user(secret.text) if secret else url


def _headers(config: CondaConfig) -> dict[str, dict[str, str]]:
    """A header for every place that a user and password are known for: host and path, as they are asked."""
    found = {}
    for _, text in _secrets(config):
        user = user_of(text)
        if user:
            name, _, password = user.partition(":")
            pair = f"{unquote(name)}:{unquote(password)}".encode()
            place = urlsplit(without_user(text))
            header = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            found[f"{place.hostname}{place.path.rstrip('/')}"] = header
    return found


def not_honoured(config: CondaConfig) -> tuple[str, ...]:
    """What is set and has no effect here, one sentence each."""
    return tuple(_not_honoured(config))


def _not_honoured(config: CondaConfig) -> Iterator[str]:
    if config.client_ssl_cert:
        source = config.source_of("client_ssl_cert")
        yield f"`client_ssl_cert` of {source} is not used: py-rattler has no client certificates."
    for key in config.proxy_servers:
        if key not in (*_SCHEMES, "all"):
            source = config.source_of("proxy_servers", key)
            yield f"`proxy_servers` of {source}: the proxy for {key} is not used, only one for a whole scheme."
    for name, urls in config.mirrored_channels.items():
        if any(url.startswith("file:") for url in urls[1:]):
            source = config.source_of("mirrored_channels", name)
            yield f"`mirrored_channels.{name}` of {source}: a folder is used only as the first mirror."
        if len(urls) > 1 and urls[0].startswith("file:"):
            source = config.source_of("mirrored_channels", name)
            yield f"`mirrored_channels.{name}` of {source}: the folder is used and the other mirrors are not."
