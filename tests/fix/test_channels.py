"""Which URLs stand behind the names of channels, and which channels are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.fix.channels import channels_for, find_channels
from kdoctor.model.trouble import Trouble
from tests.fix.condarc_case import HOME, config

RC = "~/.condarc"
FORGE = "https://conda.anaconda.org/conda-forge"


RICH = """
channel_alias: https://al.example/c
custom_channels: {corp: https://corp.example/conda, here: 'file:///srv/channels', bare: other}
custom_multichannels: {both: [team, https://x.example/y]}
default_channels: [https://m.example/pkgs/main]
migrated_channel_aliases: [https://conda.anaconda.org, https://old.example/c]
mirrored_channels: {forge: [https://m1.example/forge, https://m2.example/forge], local-mirror: ['file:///srv/forge']}
"""


@pytest.mark.parametrize(
    ("name", "urls"),
    [("conda-forge", "https://al.example/c/conda-forge"), ("team/label/dev", "https://al.example/c/team/label/dev"),
     ("conda-forge/linux-64", "https://al.example/c/conda-forge"), ("corp", "https://corp.example/conda/corp"),
     ("corp/label/x", "https://corp.example/conda/corp/label/x"), ("corporate", "https://al.example/c/corporate"),
     ("here", "file:///srv/channels/here"), ("bare", "https://al.example/c/bare"),
     ("defaults", "https://m.example/pkgs/main"),
     ("both", "https://al.example/c/team https://x.example/y"), ("pkgs/main", "https://m.example/pkgs/main"),
     ("https://old.example/c/z", "https://al.example/c/z"), ("https://older.example/c/", "https://older.example/c"),
     (FORGE, "https://al.example/c/conda-forge"), ("/srv/a b", "file:///srv/a%20b"), ("~/ch", f"file://{HOME}/ch"),
     ("file:///srv/x/", "file:///srv/x"), ("local-mirror", "file:///srv/forge"),
     ("forge", "https://al.example/c/forge"),
     ("nodefaults", "")],
)  # fmt: skip
def test_names_become_urls(tmp_path: Path, name: str, urls: str) -> None:
    assert " ".join(channels_for([name], config(tmp_path, {RC: RICH}))) == urls


def test_channels_of_the_command_line_come_first_and_each_once(tmp_path: Path) -> None:
    found = config(tmp_path, {RC: "channels: [mine]"}, {}, "mine", FORGE)
    assert channels_for(["conda-forge"], found) == ("https://conda.anaconda.org/mine", FORGE)
    assert channels_for([], config(tmp_path, {RC: "channels: [mine]"})) == ("https://conda.anaconda.org/mine",)


def test_configured_channels_stay_where_they_may_not_be_overridden(tmp_path: Path) -> None:
    found = config(tmp_path, {RC: "channels: [mine]\noverride_channels_enabled: false"})
    assert channels_for(["conda-forge"], found) == (FORGE, "https://conda.anaconda.org/mine")


def test_a_channel_says_where_it_comes_from(tmp_path: Path) -> None:
    found = find_channels(["conda-forge", "corp"], config(tmp_path, {RC: RICH}, {}, "/srv/x"))
    assert [str(one) for one in found] == [
        "/srv/x (file:///srv/x, by --channel)",
        f"conda-forge (https://al.example/c/conda-forge, by {HOME}/.condarc)",
        f"corp (https://corp.example/conda/corp, by {HOME}/.condarc)",
    ]


@pytest.mark.parametrize(
    ("rules", "names", "refused"),
    [("denylist_channels: [defaults]", "conda-forge", ""), ("denylist_channels: [defaults]", "defaults", "defaults"),
     ("denylist_channels: [https://repo.anaconda.com/pkgs/r]", "conda-forge defaults", "defaults"),
     ("allowlist_channels: [conda-forge]", "conda-forge", ""),
     ("allowlist_channels: [conda-forge]", "bioconda", "bioconda"),
     ("whitelist_channels: [x]\ndenylist_channels: [x]", "x", "x"),
     ("denylist_channels: [forge]\nmirrored_channels: {forge: ['file:///srv/f']}", "forge", "forge")],
)  # fmt: skip
def test_a_refused_channel_is_named_with_the_file(tmp_path: Path, rules: str, names: str, refused: str) -> None:
    found = config(tmp_path, {RC: rules})
    if not refused:
        assert channels_for(names.split(), found)
        return
    with pytest.raises(Trouble, match=f"the channel {refused} is .*{HOME}/.condarc") as caught:
        channels_for(names.split(), found)
    assert caught.value.reference == "channel-refused"


@pytest.mark.parametrize("name", ["./here", "../x", "local"])
def test_what_is_no_channel_for_others_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Trouble, match="the channel"):
        channels_for([name], config(tmp_path, {}))


def test_a_url_of_a_recipe_gives_no_secret_away(tmp_path: Path) -> None:
    found = find_channels(["https://me:hidden@h.example/t/to-ken/x"], config(tmp_path, {}))
    assert [(one.url, one.name) for one in found] == [("https://h.example/x", "https://h.example/x")]


def test_a_list_of_denied_channels_may_name_what_is_none_here(tmp_path: Path) -> None:
    found = config(tmp_path, {RC: "denylist_channels: [local, ./x, bioconda]"})
    assert channels_for(["conda-forge"], found) == (FORGE,)


def test_a_folder_may_be_the_mirror_of_one_of_several(tmp_path: Path) -> None:
    text = "default_channels: [main]\nmirrored_channels: {main: ['file:///srv/main']}"
    assert channels_for(["defaults"], config(tmp_path, {RC: text})) == ("file:///srv/main",)


def test_channels_below_the_alias_keep_their_place(tmp_path: Path) -> None:
    text = "channel_alias: https://al.example/c\ndefault_channels: [https://al.example/c/team, r]"
    found = config(tmp_path, {RC: text})
    assert channels_for(["team/label/x", "defaults"], found) == (
        "https://al.example/c/team/label/x", "https://al.example/c/team", "https://al.example/c/r",
    )  # fmt: skip
