"""Conda's configuration as conda reads it: places, order, marks, types; and what is said of a broken file."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest

from kdoctor.fix import condarc_files
from kdoctor.fix.channels import channels_for
from kdoctor.fix.condarc_files import MAX_BYTES, parse, read_config
from kdoctor.host import FileStat, Unreadable, User
from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.trouble import Trouble
from tests.fix.condarc_case import HOME, config, machine

RC = "~/.condarc"
FORGE = "https://conda.anaconda.org/conda-forge"


def test_nothing_configured_is_conda_as_it_comes(tmp_path: Path) -> None:
    found = config(tmp_path, {})
    assert (found.channels, found.channel_priority, found.ssl_verify) == ((), "flexible", True)
    assert found.files == ()
    assert found.pkgs_dirs == (f"{HOME}/.conda/pkgs",)
    assert channels_for(["conda-forge", "nodefaults"], found) == (FORGE,)


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [("/etc/conda/.condarc", "/etc/conda/condarc"), ("/etc/conda/condarc", "/etc/conda/condarc.d/a.yml"),
     ("/etc/conda/condarc.d/a.yml", "/etc/conda/condarc.d/b.yaml"),
     ("/etc/conda/condarc.d/b.yaml", "/var/lib/conda/condarc"),
     ("/var/lib/conda/condarc", "/root/.condarc"), ("/root/condarc.d/x.yml", "/xdg/conda/condarc"),
     ("/xdg/conda/condarc", "~/.config/conda/.condarc"), ("~/.config/conda/condarc", "~/.conda/.condarc"),
     ("~/.conda/condarc.d/a.yml", RC), (RC, "/active/.condarc"), ("/active/condarc.d/a.yml", "/given/my.yml")],
)  # fmt: skip
def test_a_later_place_wins_and_its_channels_come_first(tmp_path: Path, weaker: str, stronger: str) -> None:
    files = {
        weaker: "channels: [weak, both]\nchannel_alias: https://weak.example",
        stronger: "channels: [strong, both]\nchannel_alias: https://strong.example",
    }
    environ = {
        "CONDA_ROOT": "/root", "XDG_CONFIG_HOME": "/xdg", "CONDA_PREFIX": "/active", "CONDARC": "/given/my.yml",
    }  # fmt: skip
    found = config(tmp_path, files, environ)
    assert found.channels == ("strong", "both", "weak")
    assert found.channel_alias == "https://strong.example"
    stronger = stronger.replace("~", HOME)
    assert (found.source_of("channels", "strong"), found.source_of("channel_alias")) == (stronger, stronger)
    assert found.source_of("channels", "weak") == weaker.replace("~", HOME)


@pytest.mark.parametrize("name", ["condarc.txt", "condarc.d/x.txt", "condarc.d/x.yml~"])
def test_files_of_other_names_are_not_read(tmp_path: Path, name: str) -> None:
    assert config(tmp_path, {f"~/.conda/{name}": "channels: [x]"}).files == ()


def test_mambas_files_are_read_where_mamba_is_used(tmp_path: Path) -> None:
    files = {RC: "channels: [x]", "~/.mambarc": "channels: [y]"}
    assert config(tmp_path, files).channels == ("x",)
    environ = {"MAMBA_EXE": f"{HOME}/bin/micromamba", "MAMBA_ROOT_PREFIX": "/mamba", "MAMBA_OFFLINE": "yes"}
    found = config(tmp_path, files, environ)
    assert (found.channels, found.offline) == (("y", "x"), True)
    assert found.envs_dirs == (f"{HOME}/.conda/envs", "/mamba/envs")


@pytest.mark.parametrize(
    ("system", "user", "channels"),
    [("[a, b]", "[c]", "c a b"), ("#!final\n - a", "[c]", "a"), ("[a] #!final", "[c]", "a"),
     ("\n - a #!top\n - b", "[c]", "a c b"), ("\n - a", "\n - b #!bottom\n - c", "c a b"),
     ("\n - a #!bottom\n - b", "\n - c #!bottom\n - d", "d b c a"), ("\n - a # top of all", "[c]", "c a"),
     ("", "[c]", "c"),
     ("~", "[c]", "c"), ("[]", "[c]", "c")],
)  # fmt: skip
def test_lists_are_merged_and_marks_obeyed(tmp_path: Path, system: str, user: str, channels: str) -> None:
    files = {"/etc/conda/.condarc": f"channels: {system}", RC: f"channels: {user}"}
    assert " ".join(config(tmp_path, files).channels) == channels


def test_final_holds_for_texts_and_for_rows_of_a_table(tmp_path: Path) -> None:
    system = (
        "channel_alias: https://a.example #!final\nproxy_servers:\n  http: http://a:1 #!final\n  https: http://a:2\n"
    )
    user = "channel_alias: https://b.example\nproxy_servers: {http: http://b:1, https: http://b:2}"
    found = config(tmp_path, {"/etc/conda/.condarc": system, RC: user}, {"CONDA_CHANNEL_ALIAS": "https://c.example"})
    assert found.channel_alias == "https://a.example"
    assert found.proxy_servers == {"http": "http://a:1", "https": "http://b:2"}


def test_variables_win_over_files(tmp_path: Path) -> None:
    environ = {
        "CONDA_CHANNELS": "x, y", "CONDA_SSL_VERIFY": "no", "CONDA_ENVS_PATH": "/e1:~/e2", "CONDA_PKGS_DIRS": "$D/p",
        "CONDA_OFFLINE": "1", "CONDA_CHANNEL_PRIORITY": "strict", "CONDA_OVERRIDE_CUDA": "12.4", "D": "/data",
        "CONDA_OVERRIDE_GLIBC": "", "CONDA_REMOTE_MAX_RETRIES": "7", "CONDA_OVERRIDE_CHANNELS_ENABLED": "false",
        "CONDA_DEFAULT_ENV": "base",
    }  # fmt: skip
    text = "channels: [z]\nssl_verify: true\noverride_virtual_packages: {cuda: '11', archspec: x}\n"
    found = config(tmp_path, {RC: text}, environ)
    assert found.channels == ("x", "y", "z")
    assert (found.ssl_verify, found.offline, found.channel_priority, found.remote_max_retries) == (
        False, True, "strict", 7,
    )  # fmt: skip
    assert found.envs_dirs[:2] == ("/e1", f"{HOME}/e2")
    assert found.pkgs_dirs == ("/data/p",)
    assert found.virtual_packages == {"__cuda": "12.4", "__archspec": "x", "__glibc": ""}
    assert found.source_of("channels", "x") == "$CONDA_CHANNELS"


@pytest.mark.parametrize(
    ("text", "setting", "value"),
    [("ssl_verify: off", "ssl_verify", False), ("verify_ssl: truststore", "ssl_verify", "truststore"),
     ("ssl_verify: $CERTS/ca.pem", "ssl_verify", "/certs/ca.pem"),
     ("ssl_verify: ~/ca.pem", "ssl_verify", f"{HOME}/ca.pem"),
     ("channel_priority: true", "channel_priority", "flexible"),
     ("channel_priority: off", "channel_priority", "disabled"),
     ("remote_read_timeout_secs: 12.5", "remote_read_timeout_secs", 12.5), ("offline: 'Yes'", "offline", True),
     ("channels: [1.10]", "channels", ("1.10",)), ("unknown: {deep: [1]}", "channels", ()),
     ("channels: ['${NO}/x', $CERTS]", "channels", ("${NO}/x", "/certs")), ("# nothing", "channels", ()),
     ("whitelist_channels: [a]", "allowlist_channels", ("a",)),
     ("envs_path: [~/e]", "envs_dirs", (f"{HOME}/e", f"{HOME}/.conda/envs")),
     ("proxy_servers: {http: 'p:3128', https: }", "proxy_servers", {"http": "http://p:3128"}),
     ("a: &a [x, y]\nchannels: *a", "channels", ("x", "y"))],
)  # fmt: skip
def test_values_are_taken_as_conda_takes_them(tmp_path: Path, text: str, setting: str, value: object) -> None:
    files = {RC: text, "/certs/ca.pem": "", "~/ca.pem": ""}
    assert getattr(config(tmp_path, files, {"CERTS": "/certs"}), setting) == value


@pytest.mark.parametrize("path", ["/none.pem", "/etc"])
def test_certificates_that_are_not_there_are_said(tmp_path: Path, path: str) -> None:
    with pytest.raises(Trouble, match=rf"`ssl_verify` of {HOME}/.condarc names {path}, which is no file"):
        config(tmp_path, {RC: f"ssl_verify: {path}"})


@pytest.mark.parametrize(
    ("text", "message"),
    [("channels: conda-forge", "line 1: `channels` is a text; a list is needed"),
     ("a: 1\nchannels: {a: b}", "line 2: `channels` is a table of names and values; a list is needed"),
     ("channels:\n  - [a]", "line 2: `channels` is a list; a text in each row of it is needed"),
     ("proxy_servers: http://u:secret@p", "line 1: `proxy_servers` is a text; a table of names and values is needed"),
     ("offline: perhaps", "line 1: `offline` is 'perhaps'; true or false is needed"),
     ("channel_alias: mirror", "line 1: `channel_alias` is a text; a URL with its scheme is needed"),
     ("channel_priority: some", "line 1: `channel_priority` is 'some'; strict, flexible or disabled is needed"),
     ("remote_max_retries: many", "line 1: `remote_max_retries` is 'many'; a number is needed"),
     ("custom_multichannels: {x: y}", "line 1: `custom_multichannels.x` is a text; a list is needed"),
     ("custom_channels:\n  x: [y]", "line 2: `custom_channels.x` is a list; a text is needed"),
     ("ssl_verify: true\nverify_ssl: true", "`ssl_verify` and `verify_ssl` are two names of one setting")],
)  # fmt: skip
def test_a_wrong_type_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Trouble) as caught:
        config(tmp_path, {RC: text})
    assert message in caught.value.message
    assert caught.value.message.startswith(f"{HOME}/.condarc")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nchannels: [a", 2), ("a: 1\nb: 2\nb: 3", 3), ("- a", 1), ("a: 1\n\tb: 2", 2), ("just text", 1),
     ("a: *b", 1),
     ("a: 1\nb: \x07", 2), ("a: 1\n---\nb: 2", 2), ("a:\n  <<: {b: 1}", 2), ("? [a]\n: b", 1)],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(Trouble) as caught:
        config(tmp_path, {RC: text})
    assert caught.value.reference == "condarc-broken"
    assert f"{HOME}/.condarc, line {line}: " in caught.value.message


def laughing() -> str:
    """A small file whose aliases stand for a thousand million texts."""
    rows = [f"a{index}: &a{index} [{', '.join([f'*a{index - 1}'] * 10)}]" for index in range(1, 9)]
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *rows])


@pytest.mark.parametrize(
    "text",
    ["x" * MAX_BYTES + "yy", "[" * 5000, "a: " + "[" * 40 + "]" * 40, laughing(), "a: &a [*a]"],
    ids=["large", "open", "deep", "aliases", "loop"],
)
def test_a_file_that_would_grow_without_bound_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Trouble, match=r"condarc.*(larger|nested)"):
        config(tmp_path, {RC: text})


def test_tags_make_nothing() -> None:
    document = parse("a: !!python/object/apply:os.system [x]", "/x")
    assert [one.value for one in document.settings["a"].value or ()] == ["x"]  # type: ignore[union-attr]  # a list


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "machine/etc/conda"
    (folder / "condarc.d/x.yml").mkdir(parents=True)
    (folder / ".condarc").symlink_to("/nowhere")
    os.mkfifo(folder / "condarc")
    assert config(tmp_path, {}).files == ()


def test_a_file_that_may_not_be_read_is_a_trouble(tmp_path: Path) -> None:
    host = machine(tmp_path, {})

    class Denying(SysrootHost):
        def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
            return FileStat(kind="file") if path.endswith("/u/.condarc") else super().stat(path, follow=follow)

        def read_text(self, path: str, *, limit: int = 0) -> str | Unreadable:  # noqa: ARG002  as Host has it
            return Unreadable(path, "denied")

    denying = Denying(str(tmp_path))
    denying.environ, denying.user = host.environ, host.user
    with pytest.raises(Trouble, match=r"cannot be read: /home/u/\.condarc: denied"):
        read_config(denying)


def test_without_pyyaml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(Trouble, match="needs PyYAML") as caught:
        runpy.run_path(condarc_files.__file__)
    assert caught.value.hint == "Install it: `pip install 'keras-doctor[fix]'`."


def test_who_may_write_conda_gets_its_environments_first(tmp_path: Path) -> None:
    environ = {"CONDA_ROOT": "/opt/conda"}
    host = machine(tmp_path, {"/opt/conda/conda-meta/history": ""}, environ)
    assert read_config(host).envs_dirs == (f"{HOME}/.conda/envs", "/opt/conda/envs")
    host.user = User(uid=0, home=HOME)
    assert read_config(host).envs_dirs == ("/opt/conda/envs", f"{HOME}/.conda/envs")
