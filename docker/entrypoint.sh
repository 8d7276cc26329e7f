#!/bin/sh
# What the image does: llave VERB [WORDS...]. Without a verb it serves.
set -eu
verb=${1:-serve}
[ $# -eq 0 ] || shift
case $verb in
  serve) exec python manage.py serve --host 0.0.0.0 --port 8000 "$@" ;;
  migrate) exec python manage.py prepare --no-static "$@" ;;
  manage) exec python manage.py "$@" ;;
  first-start) exec python -m docker.first_start "$@" ;;
  *)
    printf 'llave serve | migrate | manage COMMAND... | first-start folders FOLDER | first-start cluster\n' >&2
    exit 2
    ;;
esac
