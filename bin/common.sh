# Sourced by the commands in bin/: finds Python, keeps the virtual environment, speaks in one sentence when something is missing.
# shellcheck shell=bash
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$here"
python="$here/.venv/bin/python"

refuse() { # one clear sentence, exit code 2
  printf '%s\n' "$*" >&2
  exit 2
}

find_python() { # prints the first Python that is new enough
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  refuse "Python 3.11 or newer is needed: install it (Debian: apt install python3 python3-venv), or name it with PYTHON=/path/to/python."
}

keep_environment() { # $1: base or dev; installs requirements/$1.txt when it changed
  local wanted stamp="$here/.venv/.$1-installed" base
  wanted=$(sha256sum "$here/requirements/$1.txt" | cut -d' ' -f1)
  if [ ! -x "$python" ] || ! "$python" -c '' 2>/dev/null; then
    base=$(find_python)
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
      refuse "Python's venv module is missing: install it (Debian: apt install python3-venv)."
    printf 'Making the virtual environment in .venv\n' >&2
    "$base" -m venv --clear "$here/.venv"
  fi
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  printf 'Installing requirements/%s.txt (about a minute, once)\n' "$1" >&2
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements/$1.txt" ||
    refuse "The packages of requirements/$1.txt could not be installed: see above, then run this again."
  printf '%s' "$wanted" >"$stamp"
}
