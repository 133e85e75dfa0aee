#!/bin/bash
# A real Prosody on loopback for tests, the demo and benchmarks.
#
#   prosody.sh start DIR             make a CA, a certificate, a configuration and accounts in DIR; start; write DIR/env
#   prosody.sh stop|kill DIR         end it politely, or with SIGKILL
#   prosody.sh pause|go DIR          SIGSTOP, SIGCONT
#   prosody.sh restart DIR           end it if it runs and start it on the same ports with the same data
#   prosody.sh adduser DIR JID PASSWORD
#
# Environment of `start` (and kept for `restart`):
#   DOMAIN=home.example   ACCOUNTS="greenhouse:pencil anna:pencil ..."   PORT=, TLS_PORT=   fixed ports instead of free ones
#   PLAIN_ONLY=1          offer no SASL mechanism but PLAIN
#   SMACKS=0              no stream management        HIBERNATION=60   seconds a session waits for its client
#   CERT_HOST=name        issue the certificate for another name
#   CERT_DAYS=n           its validity; a negative number makes one that has expired
#   TLS_VERSION=tlsv1_2   another TLS version than the default
#   LOG_LEVEL=debug       of DIR/prosody.log
#   EXTRA_MODULES="a b"   EXTRA_CONFIG='...' (Lua, global section)
set -euo pipefail

die() {
    echo "prosody.sh: $*" >&2
    exit 1
}

need() {
    local missing=()
    command -v prosody >/dev/null || missing+=(prosody)
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
    if ! command -v prosody >/dev/null || ! command -v openssl >/dev/null; then
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
    local host=$1 days=$2
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=Private CA" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$DIR/ca.key" -out "$DIR/ca.pem" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$host" \
        -keyout "$DIR/server.key" -out "$DIR/server.csr" 2>/dev/null
    # Python 3.13 and others take no certificate without these key identifiers.
    printf '%s\n' "subjectAltName=DNS:$host" basicConstraints=CA:FALSE extendedKeyUsage=serverAuth \
        subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >"$DIR/server.ext"
    if [ "$days" -lt 0 ]; then
        # `openssl x509` of 3.0 knows no start date, `openssl ca` does.
        : >"$DIR/index.txt"
        printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n' \
            "$DIR/index.txt" "$DIR" >"$DIR/ca.cnf"
        openssl ca -batch -config "$DIR/ca.cnf" -cert "$DIR/ca.pem" -keyfile "$DIR/ca.key" -in "$DIR/server.csr" \
            -startdate 20200101000000Z -enddate 20200201000000Z -extfile "$DIR/server.ext" -notext \
            -out "$DIR/server.crt" 2>/dev/null
    else
        openssl x509 -req -in "$DIR/server.csr" -CA "$DIR/ca.pem" -CAkey "$DIR/ca.key" -CAcreateserial \
            -days "$days" -extfile "$DIR/server.ext" -out "$DIR/server.crt" 2>/dev/null
    fi
}

configuration() {
    local modules="roster saslauth tls disco ping pep carbons offline time version posix"
    [ "$SMACKS" = 0 ] || modules+=" smacks"
    modules+=" ${EXTRA_MODULES:-}"
    local quoted="" module
    for module in $modules; do quoted+="\"$module\"; "; done
    cat <<LUA
run_as_root = true
daemonize = false
pidfile = "$DIR/prosody.pid"
data_path = "$DIR/data"
interfaces = { "127.0.0.1" }
c2s_ports = { $PORT }
c2s_direct_tls_ports = { $TLS_PORT }
s2s_ports = { }
http_ports = { }
https_ports = { }
modules_enabled = { $quoted }
modules_disabled = { "s2s" }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = true
allow_registration = false
smacks_hibernation_time = ${HIBERNATION:-60}
ssl = { key = "$DIR/server.key"; certificate = "$DIR/server.crt"; ${TLS_VERSION:+protocol = \"$TLS_VERSION\"} }
c2s_direct_tls_ssl = { key = "$DIR/server.key"; certificate = "$DIR/server.crt" }
log = { { levels = { min = "${LOG_LEVEL:-debug}" }; to = "file"; filename = "$DIR/prosody.log" } }
LUA
    if [ "${PLAIN_ONLY:-0}" = 1 ]; then
        echo 'disable_sasl_mechanisms = { "SCRAM-SHA-1"; "SCRAM-SHA-256"; "SCRAM-SHA-1-PLUS"; "SCRAM-SHA-256-PLUS"; "DIGEST-MD5" }'
    fi
    echo "${EXTRA_CONFIG:-}"
    echo "VirtualHost \"$DOMAIN\""
    echo "Component \"rooms.$DOMAIN\" \"muc\""
}

# Starts it and waits until it has its ports. Fails with 1 if another process was faster.
launch() {
    local rounds
    : >"$DIR/prosody.log"
    prosody --config "$DIR/prosody.cfg.lua" -F >"$DIR/prosody.out" 2>&1 </dev/null &
    PID=$!
    disown "$PID"
    for ((rounds = 0; rounds < 600; rounds++)); do
        # Not is_running: for a moment the child still bears the name of this script.
        kill -0 "$PID" 2>/dev/null || die "prosody ended at once: $(cat "$DIR/prosody.out")"
        if grep -q "Failed to open server port" "$DIR/prosody.log"; then
            kill -9 "$PID"
            return 1
        fi
        if has_port "$PORT" && has_port "$TLS_PORT"; then
            write_env
            return 0
        fi
        sleep 0.05
    done
    kill -9 "$PID"
    die "prosody does not answer on port $PORT: $(cat "$DIR/prosody.out")"
}

has_port() {
    grep -q "Activated service 'c2s.*:$1\\b" "$DIR/prosody.log" && is_open "$1"
}

write_env() {
    printf 'PID=%q\nPORT=%q\nTLS_PORT=%q\nDOMAIN=%q\nCA=%q\n' "$PID" "$PORT" "$TLS_PORT" "$DOMAIN" "$DIR/ca.pem" \
        >"$DIR/env.new"
    mv "$DIR/env.new" "$DIR/env"
}

start() {
    need
    mkdir -p "$DIR/data" "$DIR/certs"
    DOMAIN=${DOMAIN:-home.example}
    SMACKS=${SMACKS:-1}
    certificates "${CERT_HOST:-$DOMAIN}" "${CERT_DAYS:-30}"
    local account
    for account in ${ACCOUNTS:-greenhouse:pencil anna:pencil ben:pencil}; do
        adduser "${account%%:*}@$DOMAIN" "${account#*:}"
    done
    local fixed_port=${PORT:-} fixed_tls_port=${TLS_PORT:-} attempt
    for attempt in 1 2 3 4 5; do
        PORT=${fixed_port:-$(free_port)}
        TLS_PORT=${fixed_tls_port:-$(free_port)}
        configuration >"$DIR/prosody.cfg.lua"
        launch && return
    done
    die "the ports $PORT and $TLS_PORT are taken (attempt $attempt)"
}

# As Prosody stores it. Known in plain, the password serves every mechanism.
adduser() {
    local user=${1%@*} host=${1#*@} directory
    directory="$DIR/data/$(encode "$host")/accounts"
    mkdir -p "$directory"
    local password=${2//\\/\\\\}
    printf 'return { ["password"] = "%s"; }\n' "${password//\"/\\\"}" >"$directory/$(encode "$user").dat"
}

encode() {
    local text=$1 index sign
    for ((index = 0; index < ${#text}; index++)); do
        sign=${text:index:1}
        case $sign in
        [a-zA-Z0-9]) printf %s "$sign" ;;
        *) printf '%%%02x' "'$sign" ;;
        esac
    done
}

load() {
    [ -f "$DIR/env" ] || die "no server was started in $DIR"
    # shellcheck source=/dev/null
    . "$DIR/env"
}

# Our Prosody and not a later process with its number.
is_running() {
    [ -r "/proc/$PID/cmdline" ] && tr '\0' ' ' <"/proc/$PID/cmdline" | grep -qF "$DIR/prosody.cfg.lua"
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

[ $# -ge 2 ] || die "usage: prosody.sh start|stop|kill|pause|go|restart|adduser DIR ..."
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
    launch || die "the ports $PORT and $TLS_PORT are taken"
    ;;
adduser)
    [ $# -eq 4 ] || die "usage: prosody.sh adduser DIR JID PASSWORD"
    adduser "$3" "$4"
    ;;
*) die "unknown verb $verb" ;;
esac
