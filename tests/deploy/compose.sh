#!/usr/bin/env bash
# What bin/check-compose does to the project COMPOSE_PROJECT_NAME of COMPOSE_FILE: `compose.sh VERB [WORDS...]`, or sourced for its functions.
set -euo pipefail

up() { # compose's own options
  docker compose "$@" up --detach --wait --wait-timeout 300 --no-build --quiet-pull >"$scratch/up.log" 2>&1 || {
    tail -40 "$scratch/up.log" >&2
    docker compose logs --tail 15 >&2
    return 1
  }
}

up_one() { docker compose up --detach --wait --wait-timeout 120 --no-deps --no-build "$1"; }

rolling() { # one replica after the other restarts
  local each
  for each in $(docker ps --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --filter "label=com.docker.compose.service=web"); do
    docker restart "$each" >/dev/null
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$each")" = healthy ]; do sleep 0.3; done
  done
}

stores() { docker compose restart accounts-db messages-db redis >/dev/null 2>&1; }

down_up() {
  docker compose down --timeout 20 >/dev/null 2>&1
  up
}

restore() { # the commands of docs/operations.md, Back up and Restore
  local secrets=${COMPOSE_PROJECT_NAME}_web-secrets
  docker compose exec --no-TTY --env "BACKUP_PUBLIC_KEY=$(cat "$scratch/backup.pub")" web llave manage backup --quiet - >"$scratch/llave.backup"
  docker compose exec --no-TTY web tar -C /run/llave -cf - . >"$scratch/secrets.tar"
  docker compose down --volumes --timeout 20 >/dev/null 2>&1
  docker compose run --rm --no-deps --no-TTY --user 0:0 --volume "$secrets:/secrets" --entrypoint sh first-start \
    -c 'tar -C /secrets -xf - ./SECRET_KEY ./FIELD_KEYS ./LOG_KEY_SEED ./EMAIL_URL' <"$scratch/secrets.tar"
  docker compose up --detach --wait --quiet-pull accounts-db messages-db >/dev/null 2>&1
  chmod a+r "$scratch/llave.backup" && chmod a+x "$scratch"
  docker compose run --rm --no-deps --no-TTY --volume "$scratch/llave.backup:/llave.backup:ro" web manage restore /llave.backup --key - \
    <"$scratch/backup.key" >"$scratch/restore.log" 2>&1 || { cat "$scratch/restore.log" >&2; exit 1; }
  up
  docker compose cp proxy:/run/llave/tls.crt "$SSL_CERT_FILE" >/dev/null 2>&1
}

[ "${BASH_SOURCE[0]}" != "$0" ] || "$@"
