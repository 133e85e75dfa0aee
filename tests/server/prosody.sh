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
#   COMPONENTS="gpio:pencil"   external components NAME.DOMAIN and their secrets, on the port COMPONENT_PORT
#   EXTRA_MODULES="a b"   EXTRA_CONFIG='...' (Lua, global section)
set -euo pipefail


here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
name=prosody
config=prosody.cfg.lua
mark=$config
program=prosody:prosody
# shellcheck source=tests/server/common.sh
. "$here/common.sh"

configuration() {
    local modules="roster saslauth tls disco ping pep carbons offline time version posix"
    [ "${SMACKS:-1}" = 0 ] || modules+=" smacks"
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
component_ports = { $COMPONENT_PORT }
component_interfaces = { "127.0.0.1" }
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
    local component
    for component in ${COMPONENTS:-}; do
        printf 'Component "%s.%s"\ncomponent_secret = "%s"\n' "${component%%:*}" "$DOMAIN" "${component#*:}"
    done
}

launch() {
    # It reads accounts when somebody logs in, so they can be there before it.
    [ -e "$DIR/env" ] || accounts
    : >"$DIR/prosody.log"
    prosody --config "$DIR/$config" -F >"$DIR/prosody.out" 2>&1 </dev/null &
    PID=$!
    disown "$PID"
    await_ports "$PORT" "$TLS_PORT"
}

is_taken() {
    grep -q "Failed to open server port" "$DIR/prosody.log"
}

has_port() {
    grep -q "Activated service 'c2s.*:$1\\b" "$DIR/prosody.log" && is_open "$1"
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

main "$@"
