"""A real conda and kdoctor read the same configuration: what they say must be the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kdoctor.fix.channels import channels_for, resolve
from kdoctor.fix.condarc_files import read_config
from kdoctor.fix.secret import clean, has_scheme, without_subdir
from kdoctor.host.live import LiveHost
from kdoctor.model.trouble import Trouble
from tests.fix.real_conda import answer, conda, environ, needs_conda

pytestmark = needs_conda
SAME = (
    "channel_priority", "offline", "ssl_verify", "remote_max_retries", "remote_read_timeout_secs", "add_anaconda_token",
    "override_channels_enabled",
)  # fmt: skip
RC = ".condarc"
# A name to the files below the home, and variables in which `~` is the home.
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "nothing": ({}, {}),
    "forge": ({RC: "channels: [conda-forge]\nchannel_priority: strict\nssl_verify: off"}, {}),
    "every-place": (
        {
            "root/.condarc": "channels: [root]",
            "root/condarc.d/b.yml": "channels: [root-b]",
            "root/condarc.d/a.yaml": "channels: [root-a]",
            "xdg/conda/condarc": "channels: [xdg]",
            ".config/conda/.condarc": "channels: [config]",
            ".conda/condarc.d/x.yml": "channels: [own-d]",
            ".conda/.condarc": "channels: [own]",
            RC: "channels: [home]",
            "env/.condarc": "channels: [env]",
            "named.yml": "channels: [named]",
            ".conda/other.yml": "channels: [never]",
        },
        {"XDG_CONFIG_HOME": "~/xdg", "CONDA_PREFIX": "~/env", "CONDARC": "~/named.yml", "CONDA_CHANNELS": "var,home"},
    ),
    "marks": (
        {
            "root/.condarc": "channels:\n  - a #!bottom\n  - b #!top\n  - c\nremote_max_retries: 9 #!final\n",
            RC: "channels:\n  - d\n  - e #!bottom\n  - f  #!top\nremote_max_retries: 2\n",
        },
        {"CONDA_REMOTE_MAX_RETRIES": "4"},
    ),
    "final-list": (
        {"root/.condarc": "channels: #!final\n  - a\n  - b\n", RC: "channels: [c]"},
        {"CONDA_CHANNELS": "d"},
    ),
    "final-flow": ({"root/.condarc": "channels: [a, b]  #!final\n", RC: "channels: [c]"}, {}),
    "final-map": (
        {
            "root/.condarc": "proxy_servers:\n  http: http://a:1 #!final\n  https: http://a:2\n",
            RC: "proxy_servers:\n  http: http://b:1\n  https: http://b:2\n",
        },
        {},
    ),
    "corporate": (
        {
            RC: "channel_alias: https://al.example/c/\ndefault_channels: [https://m.example/main, r]\n"
            "custom_channels: {corp: https://corp.example/conda, file: 'file:///srv/x', bare: y}\n"
            "custom_multichannels: {both: [corp, https://x.example/y, z]}\n"
            "channels: [both, corp/label/dev, defaults, file, bare, main, https://al.example/c/q, team/linux-64]\n"
        },
        {},
    ),
    "secrets": (
        {
            RC: "channel_alias: https://u:pw@al.example/c\nchannels: [a, 'https://h.example/t/to-1/x', "
            "'https://me:p%40w@k.example/y', corp]\ncustom_channels: {corp: 'https://c:d@corp.example/conda'}\n"
        },
        {},
    ),
    "migrated": (
        {
            RC: "migrated_channel_aliases: [https://conda.anaconda.org, https://old.example/c]\n"
            "channel_alias: https://new.example/d\n"
            "channels: [https://conda.anaconda.org/forge, https://old.example/c/x, https://older.example/c/z, f]\n"
        },
        {},
    ),
    "folders": (
        {RC: "pkgs_dirs: [~/p, $HOME/q/../r, /abs/]\nenvs_dirs: [~/e, '${NOT_SET}/e2']\n"},
        {"CONDA_ENVS_PATH": "~/e1:~/e3"},
    ),
    "words": (
        {
            RC: "offline: Yes\nverify_ssl: 1\nadd_binstar_token: n\n"
            "remote_read_timeout_secs: 3\nchannel_priority: false\n"
        },
        {"CONDA_OVERRIDE_CHANNELS_ENABLED": "no", "CONDA_CHANNEL_ALIAS": "http://v.example:8080/x/"},
    ),
    "expanded": (
        {RC: "channels: ['https://$HOST_NAME/${TEAM}', $NOT_SET]\nproxy_servers: {http: 'http://$HOST_NAME:1'}\n"},
        {"HOST_NAME": "e.example", "TEAM": "team"},
    ),
    "paths": ({RC: "channels: [/srv/a, ~/b, 'file:///srv/c d', 'file:///srv/e']\n"}, {}),
    "allowed": ({RC: "allowlist_channels: [conda-forge, defaults]\nchannels: [conda-forge, defaults]\n"}, {}),
    "unknown": ({RC: "no_such: [1, {a: b}]\nchannels: ~\nproxy_servers: ~\nssl_verify: truststore\n"}, {}),
    "refused": ({RC: "denylist_channels: [defaults]\nchannels: [conda-forge, defaults]\n"}, {}),
    "not-allowed": ({RC: "whitelist_channels: [conda-forge]\nchannels: [conda-forge, bioconda]\n"}, {}),
    "text-for-list": ({RC: "channels: conda-forge\n"}, {}),
    "bad-alias": ({RC: "channel_alias: mirror.example\nchannels: [x]\n"}, {}),
    "two-names": ({RC: "ssl_verify: true\nverify_ssl: true\n"}, {}),
}
REFUSED = ("refused", "not-allowed", "text-for-list", "bad-alias", "two-names")


def prepared(name: str, home: Path) -> dict[str, str]:
    """Write the files of a case; its variables."""
    files, variables = CASES[name]
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    return environ(home, **{key: value.replace("~", str(home)) for key, value in variables.items()})


def url_of(shown: dict[str, Any]) -> str:
    """A channel as conda shows its parts."""
    return f"{shown['scheme']}://{shown['location'].rstrip('/')}/{shown['name'].strip('/')}"


def plain(text: str) -> str:
    """A channel as kdoctor keeps it."""
    return clean(text.replace("<TOKEN>", "x")) if has_scheme(text) else text


def bases(urls: list[str]) -> tuple[str, ...]:
    """The channels behind URLs with platforms."""
    return tuple(dict.fromkeys(without_subdir(plain(url)) for url in urls))


@pytest.mark.parametrize("name", [name for name in CASES if name not in REFUSED])
def test_settings_and_channels_are_what_conda_says(name: str, tmp_path: Path) -> None:
    variables = prepared(name, tmp_path)
    theirs, ours = answer(variables, "config", "--show"), read_config(LiveHost(environ=variables))
    assert {key: getattr(ours, key) for key in SAME} == {key: theirs[key] for key in SAME}
    assert list(ours.channels) == [plain(one) for one in theirs["channels"]]
    assert dict(ours.proxy_servers) == theirs["proxy_servers"]
    assert f"{ours.channel_alias}/x" == url_of({**theirs["channel_alias"], "name": "x"})
    urls = {key: url_of(one) for key, one in theirs["custom_channels"].items()}
    assert {key: resolve(key, ours)[0].url for key in urls} == urls
    groups = {key: tuple(map(url_of, rows)) for key, rows in theirs["custom_multichannels"].items() if key != "local"}
    assert {key: tuple(one.url for one in resolve(key, ours)) for key in groups} == groups
    told = answer(variables, "info")
    if ours.channels:
        assert channels_for((), ours) == bases(told["channels"])
    assert list(ours.files) == told["config_files"]
    configured = [path for path in (*ours.envs_dirs, *ours.pkgs_dirs) if "/root/" not in path]
    assert [path for path in configured if path not in (*told["envs_dirs"], *told["pkgs_dirs"])] == []
    count = len(ours.sources.get("envs_dirs", {}))
    assert list(ours.envs_dirs[:count]) == told["envs_dirs"][:count]


@pytest.mark.parametrize("name", REFUSED)
def test_what_conda_refuses_is_refused(name: str, tmp_path: Path) -> None:
    variables = prepared(name, tmp_path)
    assert conda(variables, "config", "--show", "channels", "ssl_verify", "channel_alias").returncode != 0
    with pytest.raises(Trouble):
        channels_for((), read_config(LiveHost(environ=variables)))
