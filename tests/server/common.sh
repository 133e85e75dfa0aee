# What the servers of the tests have in common; sourced by prosody.sh and ejabberd.sh, which define
#   name            the program's name            mark    what its command line holds besides the name of DIR
#   config          the name of its configuration
#   program         command:package to be there
#   configuration   prints its configuration      launch  starts it; fails with 1 if another process has the ports
#   adduser JID PASSWORD

die() {
    echo "$name.sh: $*" >&2
    exit 1
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

# The CA, the certificate, the configuration on ports that nobody has, and the server.
start() {
    local fixed_port=${PORT:-} fixed_tls_port=${TLS_PORT:-} fixed_api_port=${API_PORT:-} fixed_component_port=${COMPONENT_PORT:-} attempt
    "$here/../install" "$program" openssl:openssl || die "cannot run without $program"
    mkdir -p "$DIR/data" "$DIR/log"
    DOMAIN=${DOMAIN:-home.example}
    certificates "${CERT_HOST:-$DOMAIN}" "${CERT_DAYS:-30}"
    cat "$DIR/server.crt" "$DIR/server.key" >"$DIR/server.pem"
    for attempt in 1 2 3 4 5; do
        PORT=${fixed_port:-$(free_port)}
        TLS_PORT=${fixed_tls_port:-$(free_port)}
        API_PORT=${fixed_api_port:-$(free_port)}
        COMPONENT_PORT=${fixed_component_port:-$(free_port)}
        configuration >"$DIR/$config"
        launch && return
    done
    die "the ports $PORT, $TLS_PORT and $API_PORT are taken (attempt $attempt)"
}

# Accounts as "name:password name:password".
accounts() {
    local account
    for account in ${ACCOUNTS:-greenhouse:pencil anna:pencil ben:pencil}; do
        adduser "${account%%:*}@$DOMAIN" "${account#*:}"
    done
}

# Waits until the ports are open; `ended` and `taken` tell how it may go wrong.
await_ports() {
    local rounds port open
    for ((rounds = 0; rounds < 600; rounds++)); do
        # Not is_running: for a moment the child still bears the name of this script.
        if ! kill -0 "$PID" 2>/dev/null; then
            is_taken && return 1
            die "$name ended at once: $(tail -n 20 "$DIR/$name.out")"
        fi
        if is_taken; then
            kill -9 "$PID"
            return 1
        fi
        open=1
        for port in "$@"; do has_port "$port" || open=; done
        if [ -n "$open" ]; then
            write_env
            return 0
        fi
        sleep 0.05
    done
    kill -9 "$PID"
    die "$name does not answer on port $PORT: $(tail -n 20 "$DIR/$name.out")"
}

write_env() {
    printf 'PID=%q\nPORT=%q\nTLS_PORT=%q\nAPI_PORT=%q\nCOMPONENT_PORT=%q\nDOMAIN=%q\nCA=%q\n' \
        "$PID" "$PORT" "$TLS_PORT" "$API_PORT" "$COMPONENT_PORT" "$DOMAIN" "$DIR/ca.pem" >"$DIR/env.new"
    mv "$DIR/env.new" "$DIR/env"
}

load() {
    [ -f "$DIR/env" ] || die "no server was started in $DIR"
    # shellcheck source=/dev/null
    . "$DIR/env"
}

# Ours and not a later process with its number.
is_running() {
    [ -r "/proc/$PID/cmdline" ] && tr '\0' ' ' <"/proc/$PID/cmdline" | grep -qF "$DIR/$mark"
}

# Its command line is gone before its sockets are.
is_gone() {
    case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$PID/status" 2>/dev/null) in '' | Z | X) return 0 ;; esac
    [ -n "$(tr -d '\0' <"/proc/$PID/cmdline")" ] 2>/dev/null && ! is_running
}

end_with() {
    local rounds
    is_running || return 0
    kill "-$1" "$PID"
    [ "$1" = TERM ] && kill -CONT "$PID"
    for ((rounds = 0; rounds < 200; rounds++)); do
        is_gone && return 0
        sleep 0.05
    done
    kill -9 "$PID"
}

main() {
    [ $# -ge 2 ] || die "usage: $name.sh start|stop|kill|pause|go|restart|adduser DIR ..."
    local verb=$1
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
        [ $# -eq 4 ] || die "usage: $name.sh adduser DIR JID PASSWORD"
        [ ! -f "$DIR/env" ] || load
        adduser "$3" "$4"
        ;;
    *) die "unknown verb $verb" ;;
    esac
}
