#!/bin/sh
# What the image does: llave VERB [WORDS...]. Without a verb it serves.
set -eu
verb=${1:-serve}
[ $# -eq 0 ] || shift
case $verb in
  serve) exec python manage.py serve --host 0.0.0.0 --port 8000 "$@" ;;
  migrate) exec python manage.py prepare --no-static "$@" ;;
  manage) exec python manage.py "$@" ;;
  daily) # what has expired; is the log of keys whole; a backup when there is a key for it, the 14 newest are kept; one that fails stops no other
    failed=0
    python manage.py purge_expired || failed=1
    python manage.py keylog_verify --quiet || failed=1
    [ -n "${BACKUP_PUBLIC_KEY:-}" ] || exit $failed
    python manage.py backup --quiet "/backups/$(date -u +%Y-%m-%dT%H%M%SZ).llave" || exit 1
    for old in $(printf '%s\n' /backups/*.llave | sort -r | tail -n +15); do rm -- "$old"; done
    exit $failed
    ;;
  first-start) exec python -m docker.first_start "$@" ;;
  *)
    printf 'llave serve | migrate | daily | manage COMMAND... | first-start folders FOLDER | first-start cluster\n' >&2
    exit 2
    ;;
esac
