#!/usr/bin/env bash
# What bin/check-compose does to the project COMPOSE_PROJECT_NAME of COMPOSE_FILE: `compose.sh VERB [WORDS...]`, or sourced for its functions.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/guide.sh"

as_here() { # a command of the guides with the project, the image, the folder and the key for backups of this check
  local command=${1//llave_/"${COMPOSE_PROJECT_NAME}_"} made=''
  command=${command//llave:local/"$LLAVE_IMAGE"}
  command=${command//\/path\/to\/llave/"$root"}
  command=${command// -f docker\/compose.yaml/" -f $root/docker/compose.yaml"}
  [ ! -r "$scratch/backup.pub" ] || made="--env BACKUP_PUBLIC_KEY=$(cat "$scratch/backup.pub") "
  printf '%s' "${command/web llave manage backup/"${made}web llave manage backup"}"
}

up() { # compose's own options
  docker compose "$@" up --detach --wait --wait-timeout 300 --no-build --quiet-pull >"$scratch/up.log" 2>&1 || {
    tail -40 "$scratch/up.log" >&2
    docker compose logs --tail 15 >&2
    return 1
  }
}

up_one() { docker compose up --detach --wait --wait-timeout 120 --no-deps --no-build "$1"; }

in_web() { docker compose exec --no-TTY web "$@"; }
secret() { in_web cat "/run/llave/$1"; }

replicas() { docker ps --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --filter "label=com.docker.compose.service=web"; }

keep_logs() { # of the web replicas that are about to be replaced
  local each
  for each in $(replicas); do keep_log docker logs --follow "$each"; done
}

logs_so_far() { # into so-far.log: of the web replicas that were replaced since a restore, and of those that run
  keep_logs
  { cat "$scratch"/logs/*; docker compose logs --no-log-prefix web; } >"$scratch/so-far.log" 2>&1
}

rolling() { # one replica after the other restarts
  local each
  for each in $(replicas); do
    docker restart "$each" >/dev/null
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$each")" = healthy ]; do sleep 0.3; done
  done
}

restart_web() {
  keep_logs
  guide "compose.yaml up --detach --wait --force-recreate web"
}

make_key() { guide "> /secrets/.new && mv -f /secrets/.new /secrets/SECRET_KEY_FALLBACKS"; }
swap_keys() { guide "mv -f SECRET_KEY_FALLBACKS SECRET_KEY"; }
remove_key() { guide "rm -f /secrets/SECRET_KEY_FALLBACKS"; }

upgrade() { # docs/self-hosting.md, Upgrade, with an image that is built already
  keep_logs
  guide "run --rm --no-deps first-start"
  guide "run --rm --no-deps migrate"
  guide "up --detach --wait --no-deps web timer"
}

stores() { docker compose restart accounts-db messages-db redis >/dev/null 2>&1; }

down_up() {
  docker compose down --timeout 20 >/dev/null 2>&1
  up
}

restore() { # docs/operations.md, Back up and Restore, when everything was lost
  guide "web llave manage backup - >"
  guide "llave:local manage verify_backup"
  grep --quiet '^Whole: ' "$scratch/guide.log"
  guide "web tar -C /run/llave -cf -"
  guide "docker compose -f docker/compose.yaml down"
  guide "docker volume rm llave_accounts-db"
  docker compose down --volumes --timeout 20 >/dev/null 2>&1
  guide "tar -C /secrets -xf -"
  guide "up --detach --wait accounts-db messages-db"
  guide "chmod a+r llave.backup"
  chmod a+x "$scratch"
  guide "web manage restore /llave.backup"
  grep '^Restored ' "$scratch/guide.log"
  guide "docker compose -f docker/compose.yaml up --detach --wait"
  docker compose cp proxy:/run/llave/tls.crt "$SSL_CERT_FILE" >/dev/null 2>&1
  rm -rf "$scratch/logs"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || "$@"
