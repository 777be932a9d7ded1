# Make and keep the virtual environments of this checkout. Sourced by the scripts beside it; POSIX sh.
#
# kdoctor_environment ROOT DIRECTORY EXTRA [PYTHON]: makes ROOT/DIRECTORY with this checkout (editable) and the extra
# ("core": none) installed, unless it is there already. Returns 0, or 3 after one message on stderr. Every variable
# begins with kdoctor_, because assigning to a name that the user has exported would change the user's environment.

kdoctor_enough='import sys; sys.exit(0 if sys.version_info >= (3, 10) else 1)'
kdoctor_places='/usr/local/bin/python3 /usr/bin/python3 /opt/homebrew/bin/python3'
kdoctor_complete='import ensurepip, venv'

# Every Python that this machine may have, one path a line, the user's own first.
kdoctor_candidates() {
    for kdoctor_name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
        command -v "$kdoctor_name" 2>/dev/null || :
    done
    for kdoctor_path in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3 \
        "$HOME"/.local/share/uv/python/*/bin/python3 $kdoctor_places; do
        if [ -x "$kdoctor_path" ]; then printf '%s\n' "$kdoctor_path"; fi
    done
}

# The first Python >= 3.10 that can make environments, in $kdoctor_python; else one message and 3.
kdoctor_find_python() {
    kdoctor_python='' kdoctor_lacking=''
    while IFS= read -r kdoctor_path; do
        if ! "$kdoctor_path" -I -c "$kdoctor_enough" </dev/null >/dev/null 2>&1; then continue; fi
        if "$kdoctor_path" -I -c "$kdoctor_complete" </dev/null >/dev/null 2>&1; then
            kdoctor_python=$kdoctor_path
            return 0
        fi
        kdoctor_lacking=${kdoctor_lacking:-$kdoctor_path}
    done <<KDOCTOR_CANDIDATES
$(kdoctor_candidates)
KDOCTOR_CANDIDATES
    if [ -n "$kdoctor_lacking" ]; then
        kdoctor_path=$("$kdoctor_lacking" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "kdoctor: $kdoctor_lacking cannot make environments (no ensurepip): install its venv module, for example \`apt install python$kdoctor_path-venv\`." >&2
    else
        echo 'kdoctor: no Python 3.10 or newer found (tried python3, python3.14 to python3.10, python, pyenv): install one.' >&2
    fi
    return 3
}

# The stamp of a finished environment: it changes with pyproject.toml and with the checkout's place.
kdoctor_stamp() {
    kdoctor_sum=$(cksum <"$1/pyproject.toml") && printf '%s %s\n' "$kdoctor_sum" "$1"
}

kdoctor_environment() {
    kdoctor_wanted=$(kdoctor_stamp "$1") || return 3
    if [ -x "$1/$2/bin/python" ] && [ -r "$1/$2/kdoctor-$3" ] && IFS= read -r kdoctor_found <"$1/$2/kdoctor-$3" &&
        [ "$kdoctor_found" = "$kdoctor_wanted" ]; then
        return 0
    fi
    kdoctor_python=${4:-}
    if [ -z "$kdoctor_python" ]; then kdoctor_find_python || return 3; fi
    "$kdoctor_python" -I "$1/scripts/environment.py" "$1/$2" "$3" "$kdoctor_wanted"
}
