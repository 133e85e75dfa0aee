#!/bin/bash
# A real ejabberd on loopback, for tests. It runs as whoever calls, with its own configuration and data, without
# an Erlang node name and so without epmd: nothing of an installed ejabberd service is touched.
#
#   ejabberd.sh start DIR             make a CA, a certificate, a configuration and accounts in DIR; start; write DIR/env
#   ejabberd.sh stop|kill DIR         end it politely, or with SIGKILL
#   ejabberd.sh pause|go DIR          SIGSTOP, SIGCONT
#   ejabberd.sh restart DIR           end it if it runs and start it on the same ports with the same data
#   ejabberd.sh adduser DIR JID PASSWORD     while it runs
#
# Environment of `start`:
#   DOMAIN=home.example   ACCOUNTS="greenhouse:pencil anna:pencil ..."   PORT=, TLS_PORT=, API_PORT=   fixed ports
#   HIBERNATION=60        seconds a session waits for its client
#   CERT_HOST=name        issue the certificate for another name
#   LOG_LEVEL=info        of DIR/log/ejabberd.log
set -euo pipefail

die() {
    echo "ejabberd.sh: $*" >&2
    exit 1
}

need() {
    local missing=()
    [ -e /usr/sbin/ejabberdctl ] || missing+=(ejabberd)
    command -v openssl >/dev/null || missing+=(openssl)
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        die "needs ${missing[*]}: sudo apt-get install ${missing[*]}"
    fi
    # Debian starts the service on installation; ours is the only one wanted.
    local policy=/usr/sbin/policy-rc.d own_policy=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        own_policy=1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >&2 || {
        apt-get update >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >&2
    } || true
    [ -n "$own_policy" ] && rm -f "$policy"
    if [ ! -e /usr/sbin/ejabberdctl ] || ! command -v openssl >/dev/null; then
        die "apt-get could not install ${missing[*]}"
    fi
}

is_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A port below the range that the kernel gives to clients, so that no connection takes it meanwhile.
free_port() {
    local port
    while :; do
        port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
        is_open "$port" || break
    done
    echo "$port"
}

certificates() {
    local host=$1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=Private CA" \
        -addext "basicConstraints=critical,CA:TRUE" -keyout "$DIR/ca.key" -out "$DIR/ca.pem" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$host" \
        -keyout "$DIR/server.key" -out "$DIR/server.csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' "$host" >"$DIR/server.ext"
    openssl x509 -req -in "$DIR/server.csr" -CA "$DIR/ca.pem" -CAkey "$DIR/ca.key" -CAcreateserial \
        -days 30 -extfile "$DIR/server.ext" -out "$DIR/server.crt" 2>/dev/null
    cat "$DIR/server.crt" "$DIR/server.key" >"$DIR/server.pem"
}

# Passwords are kept in plain, so that every mechanism can be offered.
configuration() {
    cat <<YAML
hosts: ["$DOMAIN"]
loglevel: ${LOG_LEVEL:-info}
certfiles: ["$DIR/server.pem"]
ca_file: "$DIR/ca.pem"
auth_method: mnesia
auth_password_format: plain
listen:
  - {port: $PORT, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, starttls_required: true, access: c2s}
  - {port: $TLS_PORT, ip: "127.0.0.1", module: ejabberd_c2s, tls: true, access: c2s}
  - {port: $API_PORT, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {"/api": mod_http_api}}
acl: {loopback: {ip: "127.0.0.0/8"}}
access_rules: {c2s: {allow: all}}
api_permissions: {accounts: {from: mod_http_api, who: {access: {allow: {acl: loopback}}}, what: [register]}}
modules:
  mod_adhoc: {}
  mod_admin_extra: {}
  mod_caps: {}
  mod_carboncopy: {}
  mod_disco: {}
  mod_http_api: {}
  mod_last: {}
  mod_muc: {host: "rooms.@HOST@", access_create: all}
  mod_offline: {}
  mod_ping: {}
  mod_pubsub: {plugins: [flat, pep]}
  mod_roster: {}
  mod_stream_mgmt: {resend_on_timeout: if_offline, resume_timeout: ${HIBERNATION:-60}}
  mod_time: {}
  mod_vcard: {}
  mod_version: {}
YAML
}

# Starts it and waits until it has its ports. Fails with 1 if another process was faster.
launch() {
    local rounds libs
    # .../lib/ejabberd-23.01/ebin/ejabberd.app: the libraries are side by side.
    libs=$(dpkg -L ejabberd | sed -n 's|/ejabberd-[^/]*/ebin/ejabberd\.app$||p')
    EJABBERD_CONFIG_PATH="$DIR/ejabberd.yml" EJABBERD_LOG_PATH="$DIR/log/ejabberd.log" ERL_LIBS=$libs \
        ERL_CRASH_DUMP_BYTES=0 HOME="$DIR" \
        erl -noinput -mnesia dir "\"$DIR/data\"" -s ejabberd >"$DIR/ejabberd.out" 2>&1 </dev/null &
    PID=$!
    disown "$PID"
    for ((rounds = 0; rounds < 600; rounds++)); do
        if ! kill -0 "$PID" 2>/dev/null; then
            grep -qr eaddrinuse "$DIR/log" "$DIR/ejabberd.out" && return 1
            die "ejabberd ended at once: $(tail -n 20 "$DIR/ejabberd.out")"
        fi
        if is_open "$PORT" && is_open "$TLS_PORT" && is_open "$API_PORT"; then
            write_env
            return 0
        fi
        sleep 0.05
    done
    kill -9 "$PID"
    die "ejabberd does not answer on port $PORT: $(tail -n 20 "$DIR/ejabberd.out")"
}

write_env() {
    printf 'PID=%q\nPORT=%q\nTLS_PORT=%q\nAPI_PORT=%q\nDOMAIN=%q\nCA=%q\n' \
        "$PID" "$PORT" "$TLS_PORT" "$API_PORT" "$DOMAIN" "$DIR/ca.pem" >"$DIR/env.new"
    mv "$DIR/env.new" "$DIR/env"
}

start() {
    need
    mkdir -p "$DIR/data" "$DIR/log"
    DOMAIN=${DOMAIN:-home.example}
    certificates "${CERT_HOST:-$DOMAIN}"
    local fixed_port=${PORT:-} fixed_tls_port=${TLS_PORT:-} fixed_api_port=${API_PORT:-} attempt account up=
    for attempt in 1 2 3 4 5; do
        PORT=${fixed_port:-$(free_port)}
        TLS_PORT=${fixed_tls_port:-$(free_port)}
        API_PORT=${fixed_api_port:-$(free_port)}
        configuration >"$DIR/ejabberd.yml"
        launch && up=1 && break
    done
    [ -n "$up" ] || die "the ports $PORT, $TLS_PORT and $API_PORT are taken (attempt $attempt)"
    for account in ${ACCOUNTS:-greenhouse:pencil anna:pencil ben:pencil}; do
        adduser "${account%%:*}@$DOMAIN" "${account#*:}"
    done
}

adduser() {
    local body answer
    body=$(printf '{"user":"%s","host":"%s","password":"%s"}' "$(json "${1%@*}")" "$(json "${1#*@}")" "$(json "$2")")
    exec 4<>"/dev/tcp/127.0.0.1/$API_PORT"
    printf 'POST /api/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
        "$(printf %s "$body" | wc -c)" "$body" >&4
    answer=$(timeout 10 cat <&4 || true)
    exec 4>&-
    # 409: it was there already.
    [[ $answer == HTTP/1.1\ 200* || $answer == HTTP/1.1\ 409* ]] || die "no account for $1: $answer"
}

json() {
    local text=${1//\\/\\\\}
    printf %s "${text//\"/\\\"}"
}

load() {
    [ -f "$DIR/env" ] || die "no server was started in $DIR"
    # shellcheck source=/dev/null
    . "$DIR/env"
}

# Our ejabberd and not a later process with its number.
is_running() {
    [ -r "/proc/$PID/cmdline" ] && tr '\0' ' ' <"/proc/$PID/cmdline" | grep -qF "$DIR/data"
}

end_with() {
    local rounds
    is_running || return 0
    kill "-$1" "$PID"
    [ "$1" = TERM ] && kill -CONT "$PID"
    for ((rounds = 0; rounds < 200; rounds++)); do
        is_running || return 0
        sleep 0.05
    done
    kill -9 "$PID"
}

[ $# -ge 2 ] || die "usage: ejabberd.sh start|stop|kill|pause|go|restart|adduser DIR ..."
verb=$1
mkdir -p "$2"
DIR=$(cd "$2" && pwd)
case $verb in
start) start ;;
stop) load && end_with TERM ;;
kill) load && end_with KILL ;;
pause) load && kill -STOP "$PID" ;;
go) load && kill -CONT "$PID" ;;
restart)
    load
    end_with TERM
    launch || die "the ports $PORT, $TLS_PORT and $API_PORT are taken"
    ;;
adduser)
    [ $# -eq 4 ] || die "usage: ejabberd.sh adduser DIR JID PASSWORD"
    load
    adduser "$3" "$4"
    ;;
*) die "unknown verb $verb" ;;
esac
