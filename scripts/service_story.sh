# What scripts/service has systemd do: run within its namespaces, as the unit story.service. Ends by ending systemd.
set -uo pipefail
trap 'systemctl exit --force' EXIT

data=/var/lib/driftsentry
config=/etc/driftsentry/config.toml

fail() {
    echo "FAILED: $*"
    systemctl status --no-pager --lines=0 driftsentry.service || true
    exit 1
}
told() { echo "$*"; }
property() { systemctl show --property "$1" --value "${2:-driftsentry.service}"; }

# soon SECONDS COMMAND…: tries until it succeeds.
soon() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < until)) || return 1
        sleep 0.1
    done
}
# get PATH [HEADER…]: the answer of the server, its head first.
get() {
    local path=$1
    shift
    exec 3<>/dev/tcp/127.0.0.1/8420 || return 1
    { printf 'GET %s HTTP/1.1\r\nhost: 127.0.0.1:8420\r\nconnection: close\r\n' "$path"
      printf '%s\r\n' "$@" ''; } >&3
    cat <&3
    exec 3>&-
}
is_ready() { get /health/ready 2>/dev/null | grep -q '"status":"ready"'; }
knows() { driftsentry "$@" --help >/dev/null 2>&1; }

systemd-sysusers && systemd-tmpfiles --create driftsentry.conf || fail "the account and the directories"

# Nothing is configured yet: nothing starts, and that is no failure.
systemctl start driftsentry || fail "a start without a configuration"
[[ $(property ActiveState) == inactive ]] || fail "it runs without a configuration"
printf 'data_dir = "%s"\n' "$data" >$config
systemd-tmpfiles --create driftsentry.conf

systemctl start driftsentry || fail "it does not start"
is_ready || fail "systemctl start came back before requests were served"
pid=$(property MainPID)
# What is in /proc/PID/status, by its name.
status_of() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$pid/status"; }
[[ $(status_of Uid) == "$(id -u driftsentry)" ]] || fail "it runs as $(status_of Uid)"
[[ $(status_of Seccomp) == 2 && $(status_of NoNewPrivs) == 1 ]] || fail "it is not confined"
for set in Inh Prm Eff Bnd Amb; do
    [[ $(status_of "Cap$set") == 0000000000000000 ]] || fail "it has privileges"
done
serving() { [[ $(property StatusText) == "serving http://127.0.0.1:8420: 0 open drifts, 0 streams" ]]; }
soon 10 serving || fail "the status is $(property StatusText)"
told "starts confined, and says what goes on: $(property StatusText)"

driftsentry user list --data-dir "$data" | grep -q admin@driftsentry.local || fail "root does not reach the server"
[[ $(stat -c %a:%U "$data/driftsentry.redb") == 600:driftsentry ]] || fail "others can read the data"
told "commands on the machine reach it"

# The next look at the watchdog is a whole period away at most.
sleep 4
[[ $(property NRestarts) == 0 ]] || fail "the watchdog bites a server that works"
if knows config check; then
    systemctl reload driftsentry || fail "a reload"
    [[ $(property MainPID) == "$pid" && $(property ActiveState) == active ]] || fail "a reload does not leave it running"
    echo 'nonsense = 1' >>$config
    systemctl reload driftsentry 2>/dev/null && fail "a reload of a wrong configuration succeeds"
    is_ready || fail "a reload of a wrong configuration stops it"
    sed -i '/nonsense/d' $config
    told "reloads, and refuses what is wrong"
fi

again() { local now; now=$(property MainPID); [[ $now != 0 && $now != "$pid" ]] && is_ready; }
kill -KILL "$pid"
soon 20 again || fail "it is not started again after a crash"
told "starts again after a crash"
pid=$(property MainPID)
kill -STOP "$pid"
soon 20 again || fail "it is not started again where it hangs"
[[ $(property NRestarts) == 2 ]] || fail "it was started again $(property NRestarts) times"
told "starts again where it hangs"

if knows backup; then
    systemctl start driftsentry-backup.service || fail "a backup of the running server"
    [[ -n $(ls "$data/backups") ]] || fail "no backup is there"
    systemctl start driftsentry-drill.service || fail "a restore drill"
    systemctl stop driftsentry
    systemctl start driftsentry-backup.service || fail "a backup of the stopped server"
    systemctl start driftsentry
    told "is backed up, running and stopped, and restored as a drill"
fi
for timer in driftsentry-backup.timer driftsentry-drill.timer; do
    systemctl start "$timer" || fail "$timer"
    [[ -n $(property NextElapseUSecRealtime "$timer") ]] || fail "$timer never elapses"
done
told "has its timers set"

# Somebody asks all the time while it is restarted: each is answered.
systemctl stop driftsentry || fail "a stop"
systemctl start driftsentry.socket && systemctl start driftsentry || fail "the socket"
asked=0
for _ in 1 2 3; do
    systemctl restart driftsentry &
    restart=$!
    while kill -0 "$restart" 2>/dev/null; do
        get /health/live | grep -q '200 OK' || fail "a request is refused in a restart"
        asked=$((asked + 1))
    done
    wait "$restart" || fail "a restart"
done
((asked >= 3)) || fail "only $asked requests"
told "refuses none of $asked requests in 3 restarts with the socket"
systemctl stop driftsentry.socket driftsentry

# Credentials from the store.
if knows config check; then
    head -c 24 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' >/etc/credstore/driftsentry.metrics.token
    systemctl start driftsentry || fail "a start with a credential"
    driftsentry config show --config $config >/dev/null || fail "config show"
    tr '\0' '\n' <"/proc/$(property MainPID)/environ" | grep -q CREDENTIALS_DIRECTORY || fail "no credential is handed over"
    told "takes a credential"
    systemctl stop driftsentry
fi

began=$SECONDS
systemctl start driftsentry && systemctl stop driftsentry || fail "a stop"
[[ $(property Result) == success ]] && ((SECONDS - began < 10)) || fail "the stop: $(property Result), $((SECONDS - began)) s"
told "stops soon"

echo 'listen = "nowhere"' >>$config
systemctl start driftsentry 2>/dev/null && fail "it starts with a wrong configuration"
sleep 2
[[ $(property ExecMainStatus) == 78 && $(property ActiveState) == failed ]] || fail "it tries again what can't be mended"
property StatusText | grep -q listen || fail "it does not say what is wrong: $(property StatusText)"
told "does not try again what only an administrator can mend"

touch /shared/passed
