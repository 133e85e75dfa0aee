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
#   COMPONENTS="gpio:pencil"   external components NAME.DOMAIN and their secrets, on the port COMPONENT_PORT
#   CERT_HOST=name        issue the certificate for another name
#   REGISTER=1            clients may register, from one address once in ten minutes
#   LOG_LEVEL=info        of DIR/log/ejabberd.log
set -euo pipefail


here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
name=ejabberd
config=ejabberd.yml
mark=data
program=ejabberdctl:ejabberd
# shellcheck source=tests/server/common.sh
. "$here/common.sh"

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
$(components)
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
  mod_pubsub: {host: "pubsub.@HOST@", plugins: [flat, pep]}
  mod_roster: {}
  mod_stream_mgmt: {resend_on_timeout: if_offline, resume_timeout: ${HIBERNATION:-60}}
  mod_time: {}
  mod_vcard: {}
  mod_version: {}
YAML
    [ "${REGISTER:-0}" = 0 ] || printf '  mod_register: {ip_access: all, access: all}\nregistration_timeout: 600\n'
}

# External components, each with its secret.
components() {
    local component
    [ -n "${COMPONENTS:-}" ] || return 0
    printf '  - {port: %s, ip: "127.0.0.1", module: ejabberd_service, hosts: {' "$COMPONENT_PORT"
    for component in $COMPONENTS; do
        printf '"%s.%s": {password: "%s"}, ' "${component%%:*}" "$DOMAIN" "${component#*:}"
    done | sed 's/, $//'
    printf '}}'
}

launch() {
    local libs fresh=
    [ -e "$DIR/env" ] || fresh=1
    # .../lib/ejabberd-23.01/ebin/ejabberd.app: the libraries are side by side.
    libs=$(dpkg -L ejabberd | sed -n 's|/ejabberd-[^/]*/ebin/ejabberd\.app$||p')
    EJABBERD_CONFIG_PATH="$DIR/$config" EJABBERD_LOG_PATH="$DIR/log/ejabberd.log" ERL_LIBS=$libs \
        ERL_CRASH_DUMP_BYTES=0 HOME="$DIR" \
        erl -noinput -mnesia dir "\"$DIR/data\"" -s ejabberd >"$DIR/ejabberd.out" 2>&1 </dev/null &
    PID=$!
    disown "$PID"
    await_ports "$PORT" "$TLS_PORT" "$API_PORT" || return 1
    # It takes accounts only while it runs.
    [ -z "$fresh" ] || accounts
}

is_taken() {
    grep -qr eaddrinuse "$DIR/log" "$DIR/ejabberd.out"
}

has_port() {
    is_open "$1"
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

main "$@"
