#!/bin/sh
# What the image does: llave VERB [WORDS...]. Without a verb it serves.
set -eu
verb=${1:-serve}
[ $# -eq 0 ] || shift
case $verb in
  serve) exec python manage.py serve --host 0.0.0.0 --port 8000 "$@" ;;
  migrate) exec python manage.py prepare --no-static "$@" ;;
  manage) exec python manage.py "$@" ;;
  daily) # what has expired; is the log of keys whole; when there is a key for it, one backup a day; one that fails stops no other
    failed=0
    python manage.py purge_expired || failed=1
    python manage.py keylog_verify --quiet || failed=1
    [ -n "${BACKUP_PUBLIC_KEY:-}" ] || exit $failed
    # What killed runs left: drafts, and a name that was reserved for one. A run that is still writing is younger than a day.
    find /backups -maxdepth 1 \( -name '*.part' -o -name '*.llave' -size 0 \) -mmin +1440 -delete || failed=1
    now=$(date -u +%Y-%m-%dT%H%M%SZ)
    made=$(find /backups -maxdepth 1 -name "${now%T*}T*.llave" -size +0) || failed=1
    [ -n "$made" ] || python manage.py backup --quiet "/backups/$now.llave" || exit 1
    [ $failed = 0 ] || exit 1 # and nothing goes: the oldest may be the last from before a damage
    for old in $(printf '%s\n' /backups/*.llave | sort -r | tail -n +15); do rm -- "$old"; done
    ;;
  first-start) exec python -m docker.first_start "$@" ;;
  *)
    printf 'llave serve | migrate | daily | manage COMMAND... | first-start folders FOLDER | first-start cluster\n' >&2
    exit 2
    ;;
esac
