# Sourced by compose.sh and cluster.sh: types the guides' commands, and keeps what is logged by what is about to be replaced.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

guide() { # words of one command: it is typed in the folder $scratch, as the caller's `as_here` has it; shown when it fails
  local command
  command=$(cd "$root" && "$root/.venv/bin/python" -m tests.guides "$1") || return
  (cd "$scratch" && bash -euo pipefail -c "umask 077; $(as_here "$command")") >"$scratch/guide.log" 2>&1 </dev/null || {
    printf 'It failed: %s\n' "$command" >&2
    tail -40 "$scratch/guide.log" >&2
    return 1
  }
}

is() { # what wanted: or it says what is not so
  [ "$1" = "$2" ] || { printf 'It is not so: %s\n' "$3" >&2; return 1; }
}

fallbacks() { # set, not set: whether a key beside the one that signs is accepted
  is "$(in_web llave manage env | grep '^SECRET_KEY_FALLBACKS=')" "SECRET_KEY_FALLBACKS=($1)    (/run/llave/SECRET_KEY_FALLBACKS)" "another key is $1"
}

# docs/operations.md, Another SECRET_KEY, by the caller's `make_key`, `swap_keys`, `restart_web`, until the old one is only accepted; its `secret` tells a key
another_key() {
  local before fresh
  fallbacks "not set"
  before=$(secret SECRET_KEY)
  make_key
  fresh=$(secret SECRET_KEY_FALLBACKS)
  restart_web
  fallbacks set
  swap_keys
  restart_web
  is "$(secret SECRET_KEY)" "$fresh" "the new key signs"
  is "$(secret SECRET_KEY_FALLBACKS)" "$before" "the old key is accepted"
}

forget_key() { # its last step, by the caller's `remove_key`
  remove_key
  restart_web
  fallbacks "not set"
}

keep_log() { # command...: what it tells until its container has gone, into a file of its own
  local file
  mkdir -p "$scratch/logs"
  file=$(mktemp "$scratch/logs/XXXXXX")
  "$@" >"$file" 2>&1 </dev/null &
}

errors_in() { # what the program calls an error; one that is not ready yet is none
  grep -E '"level": ?"(ERROR|CRITICAL)"| (ERROR|CRITICAL) |Traceback' | grep -v 'Unavailable: /readyz'
}
