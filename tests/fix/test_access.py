"""How channels are reached by conda's configuration: proxies, certificates, mirrors, credentials."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kdoctor.fix.access import access_of, not_honoured
from kdoctor.fix.channels import channels_for, find_channels
from kdoctor.fix.condarc import CondaConfig
from kdoctor.fix.execute import Order, execute
from kdoctor.fix.secret import Secret
from kdoctor.fix.solve import Solution, Unreachable, solve
from tests.fix.asking import good, needs_rattler, order, question
from tests.fix.channel import StandIn, keras_channel, serving
from tests.fix.condarc_case import HOME, config
from tests.fix.proxy import proxying

RC = "~/.condarc"


MIRRORS = """
channel_alias: https://al.example/c
mirrored_channels: {forge: [https://m1.example/forge, https://m2.example/forge], here: ['file:///srv/forge']}
"""
SECRETS = """
channels: ['https://me:pass%2Fword@a.example/team', 'https://b.example/t/to-ken/team']
channel_alias: https://al:hidden@al.example/c
proxy_servers: {http: 'http://pro:xy@p.example:3128'}
custom_channels: {corp: 'https://c:secret@corp.example/conda'}
"""


def test_secrets_are_used_and_never_shown(tmp_path: Path) -> None:
    found = config(tmp_path, {RC: SECRETS}, {}, "https://x:cli@x.example/y")
    access = access_of(found, {})
    assert access.mirrors == {"https://b.example/team/": ("https://b.example/t/to-ken/team/",)}
    assert sorted(access.headers) == ["a.example/team", "al.example/c", "corp.example/conda/corp", "x.example/y"]
    assert access.headers["a.example/team"] == {"Authorization": "Basic bWU6cGFzcy93b3Jk"}
    assert access.proxies == {"http": "http://pro:xy@p.example:3128"}
    urls = channels_for([*found.channels, "corp", "z"], found)
    shown = f"{found!r} {access!r} {urls} {msgspec.json.encode(found).decode()} {find_channels(['corp'], found)}"
    assert [word for word in ("pass", "to-ken", "hidden", "secret", "xy@", "cli@") if word in shown] == []


def test_secrets_are_compared_by_their_text() -> None:
    assert Secret.of("a") == Secret.of("a") != Secret.of("b")
    assert len({Secret.of("a"), Secret.of("a")}) == 1


def test_tokens_of_a_login_are_used_for_the_channels_of_that_server(tmp_path: Path) -> None:
    files = {"~/.config/binstar/https%3A%2F%2Fapi.anaconda.org.token": "ab-1\n", "~/.config/binstar/x.txt": "no"}
    found = access_of(config(tmp_path, files), {}).mirrors
    assert found["https://conda.anaconda.org/"] == ("https://conda.anaconda.org/t/ab-1/",)
    assert access_of(config(tmp_path, {**files, RC: "add_anaconda_token: false"}), {}).mirrors == {}
    assert access_of(config(tmp_path, files, {"BINSTAR_CONFIG_DIR": "/b"}), {}).mirrors == {}


@pytest.mark.parametrize(
    ("text", "environ", "ca_file", "proxies", "no_verify"),
    [("", {}, "", {}, False), ("ssl_verify: false", {"REQUESTS_CA_BUNDLE": "/r"}, "", {}, True),
     ("ssl_verify: /ca", {"REQUESTS_CA_BUNDLE": "/r"}, "/ca", {}, False),
     ("", {"SSL_CERT_FILE": "/s"}, "/s", {}, False),
     ("ssl_verify: truststore", {"REQUESTS_CA_BUNDLE": "/r"}, "", {}, False),
     ("", {"REQUESTS_CA_BUNDLE": "/r", "SSL_CERT_FILE": "/s"}, "/r", {}, False),
     ("proxy_servers: {http: http://p:1}", {"HTTP_PROXY": "http://e:1"}, "", {"http": "http://e:1"}, False),
     ("proxy_servers: {all: http://p:1}", {}, "", {"http": "http://p:1", "https": "http://p:1"}, False)],
)  # fmt: skip
def test_the_network_is_reached_as_conda_would(
    tmp_path: Path, text: str, environ: dict[str, str], ca_file: str, proxies: dict[str, str], no_verify: object
) -> None:
    access = access_of(config(tmp_path, {RC: text, "/ca": ""}, environ), environ)
    assert (access.ca_file, access.proxies, access.tls_no_verify) == (ca_file, proxies, no_verify)


def test_hosts_without_proxy_are_known() -> None:
    assert access_of(CondaConfig(), {"no_proxy": "a, .b,"}).no_proxy == ("a", ".b")


def test_mirrors_of_a_channel_are_asked_in_its_place(tmp_path: Path) -> None:
    found = config(tmp_path, {RC: MIRRORS})
    assert access_of(found, {}).mirrors == {
        "https://al.example/c/forge/": ("https://m1.example/forge/", "https://m2.example/forge/")
    }


def test_what_is_not_honoured_is_said(tmp_path: Path) -> None:
    text = """
client_cert: /c.pem
proxy_servers: {'https://one.example': http://p:1, http: http://p:1}
mirrored_channels: {a: ['file:///x', https://y.example], b: [https://y.example, 'file:///x']}
"""
    said = not_honoured(config(tmp_path, {RC: text}))
    assert len(said) == 4
    assert said[0] == f"`client_ssl_cert` of {HOME}/.condarc is not used: py-rattler has no client certificates."
    assert not_honoured(CondaConfig()) == ()


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """The channel that is reached in every way."""
    return keras_channel(tmp_path_factory.mktemp("channel") / "forge")


def made(found: CondaConfig, names: list[str], folder: Path, environ: dict[str, str] | None = None) -> Order | str:
    """Solve and install with a configuration; the order that was filled, or why not."""
    access = access_of(found, environ or {})
    asked = question("", folder, "extra", access=access, channels=channels_for(names, found))
    solution = solve(asked)
    if not isinstance(solution, Solution):
        return str(solution)
    wanted = order(solution, folder)
    wanted = msgspec.structs.replace(wanted, way=msgspec.structs.replace(wanted.way, access=access))
    execute(wanted, good)
    return wanted


def text_below(prefix: str) -> str:
    """Every text file that records how the environment was made."""
    return "".join(path.read_text("utf-8") for path in Path(prefix).rglob("*") if path.suffix in (".json", ".txt"))


BASIC = "Basic bWU6cGFzcy93b3Jk"


@needs_rattler
@pytest.mark.parametrize("how", ["channel", "alias", "custom", "command-line"])
def test_a_password_in_a_url_opens_the_channel(channel: StandIn, tmp_path: Path, how: str) -> None:
    with serving(channel.root.parent, secret=BASIC) as server:
        secret = server.url.replace("//", "//me:pass%2Fword@")
        text = {"alias": f"channel_alias: {secret}", "custom": f"custom_channels: {{forge: '{secret}'}}"}.get(how, "")
        extra = (f"{secret}/forge",) if how == "command-line" else ()
        if how == "channel":
            text = f"channels: ['{secret}/forge']"
        found = config(tmp_path, {RC: text}, {}, *extra)
        filled = made(found, ["forge"] if how in ("alias", "custom") else [], tmp_path)
        assert {header for _, header in server.seen} == {BASIC}
    assert isinstance(filled, Order), filled
    assert [word for word in ("pass%2F", "pass/word", BASIC) if word in text_below(filled.prefix)] == []


@needs_rattler
def test_a_password_goes_to_its_channel_only(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root.parent) as server:
        secret = server.url.replace("//", "//me:pass%2Fword@")
        found = config(tmp_path, {RC: f"channels: ['{secret}/forge2', {server.url}/forge]"})
        assert isinstance(made(found, [f"{server.url}/forge"], tmp_path), Order)
        assert {header for _, header in server.seen} == {""}


@needs_rattler
def test_a_wrong_password_is_one_line_without_it(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root.parent, secret=BASIC) as server:
        found = config(tmp_path, {}, {}, server.url.replace("//", "//me:wrongword@") + "/t/tok-en/forge")
        asked = question("", tmp_path, access=access_of(found, {}), channels=channels_for([], found))
        answer = solve(asked)
    assert answer == Unreachable(channel=f"{server.url}/forge", why="401 Unauthorized")
    assert "wrongword" not in f"{answer!r} {asked!r}"


@needs_rattler
def test_a_token_is_put_into_the_path_and_nowhere_else(channel: StandIn, tmp_path: Path) -> None:
    (channel.root.parent / "t").mkdir(exist_ok=True)
    (channel.root.parent / "t/tok-en").symlink_to(channel.root.parent)
    with serving(channel.root.parent) as server:
        filled = made(config(tmp_path, {RC: f"channel_alias: {server.url}/t/tok-en"}), ["forge"], tmp_path)
        assert all(path.startswith("/t/tok-en/forge/") for path, _ in server.seen)
    assert isinstance(filled, Order), filled
    assert "tok-en" not in text_below(filled.prefix)


@needs_rattler
@pytest.mark.parametrize("secret", ["", "Basic bWU6cHc="])
def test_a_proxy_is_gone_through(channel: StandIn, tmp_path: Path, secret: str) -> None:
    with serving(channel.root.parent) as server, proxying(server.url, secret) as (proxy, seen):
        user = "me:pw@" if secret else ""
        text = f"channel_alias: http://conda.example\nproxy_servers: {{http: 'http://{user}{proxy}'}}"
        filled = made(config(tmp_path, {RC: text}), ["forge"], tmp_path)
    assert isinstance(filled, Order), filled
    assert {path.partition("/forge")[0] for path in seen} == {"http://conda.example"}


@needs_rattler
def test_a_proxy_that_wants_a_password_is_said(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root.parent) as server, proxying(server.url, "Basic bWU6cHc=") as (proxy, _):
        text = f"channel_alias: http://conda.example\nproxy_servers: {{http: 'http://me:wrongword@{proxy}'}}"
        said = made(config(tmp_path, {RC: text}), ["forge"], tmp_path)
    assert "407" in str(said)
    assert "wrongword" not in str(said)


@needs_rattler
@pytest.mark.parametrize(
    "text",
    ["mirrored_channels: {{forge: ['{}/forge']}}", "channel_alias: {}", "custom_channels: {{forge: '{}'}}",
     "custom_multichannels: {{forge: ['{}/forge']}}"],
)  # fmt: skip
def test_a_folder_serves_in_the_place_of_a_server(channel: StandIn, tmp_path: Path, text: str) -> None:
    filled = made(config(tmp_path, {RC: text.format(channel.root.parent.as_uri())}), ["forge"], tmp_path)
    assert isinstance(filled, Order), filled
    assert filled.solution.packages[0].url.startswith(f"file://{channel.root}/")


@needs_rattler
def test_a_mirror_that_fails_is_followed_by_the_next(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root.parent) as server:
        text = f"mirrored_channels: {{forge: [{server.url}/forge]}}"
        filled = made(config(tmp_path, {RC: text}), ["forge"], tmp_path)
    assert isinstance(filled, Order), filled
    assert filled.solution.packages[0].channel == "https://conda.anaconda.org/forge/"


@needs_rattler
def test_netrc_is_read_by_py_rattler(channel: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password pass/word\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(channel.root.parent, secret=BASIC) as server:
        filled = made(config(tmp_path, {RC: f"channel_alias: {server.url}"}), ["forge"], tmp_path)
    assert isinstance(filled, Order), filled
