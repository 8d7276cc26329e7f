#!/usr/bin/env bash
# What bin/check-kubernetes does to the namespace llave of kubectl's cluster: `cluster.sh VERB [WORDS...]`, or sourced for its functions.
# `volumes` names a folder for the volumes of a cluster that makes none by itself.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/guide.sh"
k() { kubectl --namespace llave "$@"; }

as_here() { # a command of the guides with the manifests ($manifests: a file), the folder and the key for backups of this check
  local command=${1//apply -k kubernetes\/overlays\/local/"apply -f ${manifests:-}"} made=''
  command=${command// kubernetes\/base/" $root/kubernetes/base"}
  [ ! -r "$scratch/backup.pub" ] || made="env BACKUP_PUBLIC_KEY=$(cat "$scratch/backup.pub") "
  printf '%s' "${command/llave manage backup/"${made}llave manage backup"}"
}

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

migrated() { guide "kubectl -n llave wait --for=condition=complete job/migrate --timeout=300s" || explain; }
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

keep_logs() { # of the web pods that may be about to go; $since: from when on
  local each
  for each in $(pods_of web); do keep_log kubectl --namespace llave logs --follow --since-time="$since" "$each"; done
}

logs_so_far() { # into so-far.log: of all web pods since a restore, those that went included
  keep_logs
  { cat "$scratch"/logs/*; k logs --selector app=web --tail=-1 --since-time="$since"; } >"$scratch/so-far.log" 2>&1
}

rolling() {
  keep_logs
  k rollout restart deployment/web >/dev/null
  rolled_out
  settled
}

to() { # manifests: the commands of docs/kubernetes.md, Upgrade
  local manifests=$1
  guide "kubectl -n llave delete job first-start migrate --ignore-not-found"
  guide "kubectl apply -k kubernetes/overlays/local"
  guide "kubectl -n llave rollout status deployment/web" || explain
  migrated
  rolled_out
}

scaled_by_sockets() { # origin: docs/kubernetes.md, Scale by open sockets, with the check's own adapter (adapter.yaml)
  local manifests=$scratch/by-sockets.yaml
  keep_logs
  kubectl apply --filename "$scratch/adapter.yaml" --selector '!asked' >/dev/null
  kubectl --namespace monitoring wait --for=condition=ready pod/adapter --timeout=120s >/dev/null || explain_scaling
  lay_way_to_adapter
  kubectl apply --filename "$scratch/adapter.yaml" >/dev/null
  kubectl wait --for=condition=available apiservice/v1beta2.custom.metrics.k8s.io --timeout=120s >/dev/null || explain_scaling
  guide "kubectl apply -k kubernetes/overlays/local"
  "$root/.venv/bin/python" -m tests.deploy.scaling "$1" "$manifests" || explain_scaling
  guide "describe hpa web"
  is "$(grep -o chat_ws_connections "$scratch/guide.log" | sort -u)" chat_ws_connections "the guide's way to look at it shows the sockets"
  manifests=$scratch/all.yaml
  guide "kubectl apply -k kubernetes/overlays/local"
  kubectl delete --filename "$scratch/adapter.yaml" >/dev/null
  settled
}

# Every node learns of a service a moment later. The API server keeps the line on which it asked first, and before that
# moment it may end anywhere. Where the web pods may not ask the adapter, ten seconds have to do.
lay_way_to_adapter() {
  local address ask
  address=$(kubectl --namespace monitoring get service adapter --output 'jsonpath={.spec.clusterIP}')
  ask="import ssl, urllib.request as r; r.urlopen('https://$address/apis/custom.metrics.k8s.io/v1beta2', timeout=1, context=ssl._create_unverified_context())"
  for _ in $(seq 10); do
    k exec deploy/web -- python -c "$ask" 2>/dev/null && return
    sleep 0.5
  done
}

explain_scaling() {
  kubectl describe apiservice v1beta2.custom.metrics.k8s.io >&2 || true
  kubectl --namespace monitoring describe pod adapter >&2 || true
  kubectl --namespace monitoring logs adapter --tail=20 >&2 || true
  k get hpa web --output yaml >&2 || true
  explain
}

upgrade() {
  keep_logs
  to "$scratch/next.yaml"
}

restart_web() {
  keep_logs
  guide "kubectl -n llave rollout restart deployment/web"
  guide "kubectl -n llave rollout status deployment/web" || explain
  settled
}

in_web() { k exec deploy/web -- "$@"; }
secret() { k get secret web --output "jsonpath={.data.$1}"; }

make_key() { guide "base64 -w 0 | sed"; }
swap_keys() { guide "{{.data.SECRET_KEY_FALLBACKS}}"; }
remove_key() { guide "patch secret web --type json"; }

pods_of() { # app: those that are not on their way out already
  k get pods --selector "app=$1" --output 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}pod/{{.metadata.name}}{{"\n"}}{{end}}{{end}}'
}

lose() { # apps: every pod of each, one after the other
  local app pod
  keep_logs
  for app in "$@"; do
    for pod in $(pods_of "$app"); do
      k delete "$pod" --wait=true >/dev/null
      rolled_out
    done
  done
  two_replicas
}

lose_all() { # app: all of its pods at once
  keep_logs
  k delete pods --selector "app=$1" --wait=true >/dev/null
  rolled_out
  two_replicas
}

kill_one() {
  keep_logs
  k delete "$(pods_of web | head -1)" --grace-period=0 --force >/dev/null 2>&1
  rolled_out
  two_replicas
}

drain() { # log: where no other node takes the pod, the budget must hold the second one back
  local node drained=0
  keep_logs
  node=$(k get pods --selector app=web --output 'jsonpath={.items[0].spec.nodeName}')
  kubectl drain "$node" --pod-selector=app=web,app.kubernetes.io/part-of=llave --delete-emptydir-data --timeout=30s >"$1" 2>&1 || drained=$?
  [ "$(ready_replicas)" -ge 1 ] || { echo "no web pod was left" >&2; exit 1; }
  [ "$drained" = 0 ] || grep -q "violate the pod's disruption budget" "$1" || { cat "$1" >&2; exit 1; }
  kubectl uncordon "$node" >/dev/null
  rolled_out
  two_replicas
}

restore() { # docs/kubernetes.md, Back up and Restore, with the certificate of before
  local manifests=$scratch/restoring.yaml
  guide "deploy/web -- llave manage backup - >"
  guide "get secret web -o 'jsonpath={.data}'"
  k get secret tls --output 'jsonpath={.data}' >"$scratch/tls.json"
  kubectl delete namespace llave --timeout=180s >/dev/null
  new_volumes "restored-$$"
  guide "kubectl apply -f kubernetes/base/namespace.yaml"
  guide "kubectl -n llave create -f -"
  printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"tls"},"type":"kubernetes.io/tls","data":%s}' "$(cat "$scratch/tls.json")" | k create --filename - >/dev/null
  guide "kubectl -n llave delete job first-start migrate --ignore-not-found"
  guide "kubectl apply -k kubernetes/overlays/local"
  guide "rollout status statefulset/accounts-db" || explain
  guide "rollout status statefulset/messages-db" || explain
  guide "wait --for=condition=ready pod --selector app=migrate" || explain
  guide "exec -i job/migrate -- sh -c"
  guide "job/migrate -- llave manage restore"
  grep '^Restored ' "$scratch/guide.log"
  rm -rf "$scratch/logs"
  to "$scratch/next.yaml"
  two_replicas
}

[ "${BASH_SOURCE[0]}" != "$0" ] || "$@"
