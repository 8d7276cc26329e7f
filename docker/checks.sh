# Sourced by bin/check-image, bin/check-compose and bin/check-kubernetes: a container engine, the image, and the end.
# shellcheck shell=bash
ENGINE_HELP='  INFRA=/path    scripts that bring up what this machine lacks: common.sh (with a function docker_env), 01-tools.sh,
                 02-dockerd.sh start|status|reset, 03-base-images.sh; without it the running Docker engine is used
  KEEP=1         leave the engine and what was built running afterwards'
image=${IMAGE:-llave:check}
endings=()

at_the_end() { endings=("$*" "${endings[@]}"); } # the last one said is done first
finish() {
  local status=$? ending
  trap - EXIT
  for ending in "${endings[@]}"; do eval "$ending" >/dev/null 2>&1 || true; done
  exit "$status"
}
trap finish EXIT

step() { printf '\n== %s\n' "$*"; }
seconds() { printf '%d s' "$((SECONDS - ${1:-0}))"; }
holds() { # holds "what" command...: what the command says, which is no secret, is shown when it fails
  local what=$1
  shift
  "$@" >"$scratch/holds.log" 2>&1 || { tail -20 "$scratch/holds.log" >&2; refuse "It does not hold: $what."; }
  printf 'holds: %s\n' "$what"
}
not() { ! "$@"; }
free_port() { "$python" -c 'from tests.services import free_port; print(free_port())'; }

keep_engine() {
  if [ -n "${INFRA:-}" ]; then
    # shellcheck disable=SC1091
    source "$INFRA/common.sh"
    "$INFRA/01-tools.sh"
    docker_env
    if ! docker version >/dev/null 2>&1; then
      "$INFRA/02-dockerd.sh" start
      [ -n "${KEEP:-}" ] || at_the_end "$INFRA/02-dockerd.sh" reset
    fi
    "$INFRA/03-base-images.sh"
  fi
  docker version >/dev/null 2>&1 || refuse "No container engine answers: start Docker, or name scripts that do with INFRA=/path."
  docker buildx version >/dev/null 2>&1 || refuse "Docker's buildx is missing: install it (Debian: apt install docker-buildx)."
  printf 'engine: Docker %s\n' "$(docker version --format '{{.Server.Version}}')"
}

scratch=$(mktemp -d)
at_the_end "rm -r $scratch"
canary=canary-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')

build_image() { # [tag [context]]: the builder's pip settings and certificates go in as secrets, with a canary among them
  local tag=${1:-$image} context=${2:-.} secrets=(--secret "id=pipconf,src=$scratch/pip.conf") file begun=$SECONDS
  file=${PIP_CONFIG_FILE:-/etc/pip.conf}
  printf '# %s\n' "$canary" | cat - "$file" >"$scratch/pip.conf" 2>/dev/null || true
  file=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
  [ ! -r "$file" ] || secrets+=(--secret "id=cacert,src=$file")
  docker build --quiet --network host "${secrets[@]}" --build-arg "REVISION=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
    --file "$context/docker/Dockerfile" --tag "$tag" "$context" >/dev/null
  printf 'image: %s, built in %s\n' "$(docker image inspect --format '{{.Size}}' "$tag" | awk '{printf "%d MB", $1 / 1e6}')" "$(seconds "$begun")"
}

build_next_image() { # the same with another program for the page: what an upgrade brings
  mkdir "$scratch/next"
  tar -cf - --exclude-vcs --exclude=./.venv --exclude=./data --exclude=./var . | tar -xf - -C "$scratch/next"
  printf '// the next release\n' >>"$scratch/next/static/js/main.js"
  build_image "$next" "$scratch/next"
}
next=$image-next

make_backup_key() { # $scratch/backup.key and backup.pub, made where the given command runs another
  "$@" sh -c 'rm -f /tmp/made && python manage.py backup --make-key /tmp/made 2>/dev/null && cat /tmp/made && rm /tmp/made' >"$scratch/keys"
  grep '^llave-backup-private:' "$scratch/keys" >"$scratch/backup.key"
  grep '^llave-backup-public:' "$scratch/keys" >"$scratch/backup.pub"
}

nowhere_in() { # file what...: none of the lines of a file in what a command prints, all of which is read
  local lines=$1 count
  shift
  count=$("$@" 2>/dev/null | grep --binary-files=text --count --fixed-strings --file "$lines") || true
  [ "$count" = 0 ]
}
layers_of() { docker save "$1"; } # every layer, as it is, with its settings and history

wait_until_healthy() { # container name
  local _
  for _ in $(seq 1 120); do
    [ "$(docker inspect --format '{{.State.Health.Status}}' "$1" 2>/dev/null)" = healthy ] && return
    sleep 0.5
  done
  docker logs --tail 20 "$1" >&2
  refuse "$1 did not become healthy."
}
