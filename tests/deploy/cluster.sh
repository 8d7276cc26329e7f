#!/usr/bin/env bash
# What bin/check-kubernetes does to the namespace llave of kubectl's cluster: `cluster.sh VERB [WORDS...]`, or sourced for its functions.
# `volumes` names a folder for the volumes of a cluster that makes none by itself.
set -euo pipefail
k() { kubectl --namespace llave "$@"; }

explain() {
  k get pods,events >&2 || true
  k describe pods | tail -60 >&2 || true
  exit 1
}

rolled_out() {
  local each
  for each in statefulset/accounts-db statefulset/messages-db statefulset/redis deployment/web deployment/proxy; do
    k rollout status "$each" --timeout=240s >/dev/null || explain
  done
}

migrated() { k wait --for=condition=complete job/migrate --timeout=300s >/dev/null || explain; }
ready_replicas() { k get deployment web --output 'jsonpath={.status.readyReplicas}'; }

web_pods() { k get pods --selector app=web --output name | wc -l; }

until_two() { # command: until it prints 2
  local _
  for _ in $(seq 1 90); do
    [ "$("$1")" != 2 ] || return 0
    sleep 1
  done
  explain
}

two_replicas() { until_two ready_replicas; }

new_volumes() { # mark: four that are empty
  local each
  [ -n "${volumes:-}" ] || return 0
  for each in 1 2 3 4; do
    mkdir -p "$volumes/$1-$each" && chmod 0777 "$volumes/$1-$each"
    printf '{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"%s-%s","labels":{"check":"llave"}},"spec":{"capacity":{"storage":"5Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"%s"}}}' \
      "$1" "$each" "$volumes/$1-$each" | kubectl apply --filename - >/dev/null
  done
}

# The last of the old pods is gone: a browser on the node drops its requests when a pod takes its network device along.
settled() { until_two web_pods; }

rolling() {
  k rollout restart deployment/web >/dev/null
  rolled_out
  settled
}

upgrade() { # manifests: the commands of docs/kubernetes.md, Upgrade
  k delete job first-start migrate --ignore-not-found >/dev/null
  kubectl apply --filename "$1" >/dev/null
  rolled_out
  migrated
}

pods_of() { # app: those that are not on their way out already
  k get pods --selector "app=$1" --output 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}pod/{{.metadata.name}}{{"\n"}}{{end}}{{end}}'
}

lose() { # apps: every pod of each, one after the other
  local app pod
  for app in "$@"; do
    for pod in $(pods_of "$app"); do
      k delete "$pod" --wait=true >/dev/null
      rolled_out
    done
  done
  two_replicas
}

lose_all() { # app: all of its pods at once
  k delete pods --selector "app=$1" --wait=true >/dev/null
  rolled_out
  two_replicas
}

kill_one() {
  k delete "$(pods_of web | head -1)" --grace-period=0 --force >/dev/null 2>&1
  rolled_out
  two_replicas
}

drain() { # log: where no other node takes the pod, the budget must hold the second one back
  local node drained=0
  node=$(k get pods --selector app=web --output 'jsonpath={.items[0].spec.nodeName}')
  kubectl drain "$node" --pod-selector=app=web,app.kubernetes.io/part-of=llave --delete-emptydir-data --timeout=30s >"$1" 2>&1 || drained=$?
  [ "$(ready_replicas)" -ge 1 ] || { echo "no web pod was left" >&2; exit 1; }
  [ "$drained" = 0 ] || grep -q "violate the pod's disruption budget" "$1" || { cat "$1" >&2; exit 1; }
  kubectl uncordon "$node" >/dev/null
  rolled_out
  two_replicas
}

restore() { # folder with backup.key, backup.pub, restoring.yaml, next.yaml: the commands of docs/kubernetes.md, Back up and Restore
  local each
  k exec deploy/web -- env "BACKUP_PUBLIC_KEY=$(cat "$1/backup.pub")" llave manage backup --quiet - >"$1/llave.backup"
  for each in web tls; do k get secret "$each" --output 'jsonpath={.data}' >"$1/$each.json"; done
  kubectl delete namespace llave --timeout=180s >/dev/null
  new_volumes "restored-$$"
  kubectl apply --filename kubernetes/base/namespace.yaml >/dev/null
  printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"web"},"data":%s}' "$(cat "$1/web.json")" | k create --filename - >/dev/null
  printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"tls"},"type":"kubernetes.io/tls","data":%s}' "$(cat "$1/tls.json")" | k create --filename - >/dev/null
  kubectl apply --filename "$1/restoring.yaml" >/dev/null
  for each in accounts-db messages-db; do k rollout status "statefulset/$each" --timeout=240s >/dev/null || explain; done
  k wait --for=condition=ready pod --selector app=migrate --timeout=300s >/dev/null || explain
  k exec --stdin job/migrate -- sh -c 'cat > /tmp/llave.backup' <"$1/llave.backup"
  k exec --stdin job/migrate -- llave manage restore /tmp/llave.backup --key - <"$1/backup.key" >"$1/restore.log" 2>&1 || { cat "$1/restore.log" >&2; exit 1; }
  k delete job first-start migrate --ignore-not-found >/dev/null
  kubectl apply --filename "$1/next.yaml" >/dev/null
  migrated
  rolled_out
  two_replicas
}

[ "${BASH_SOURCE[0]}" != "$0" ] || "$@"
