#compdef katydid

autoload -U is-at-least

_katydid() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_katydid_commands" \
"*::: :->katydid" \
&& ret=0
    case $state in
    (katydid)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:katydid-command-$line[1]:"
        case $line[1] in
            (run)
_arguments "${_arguments_options[@]}" : \
'--config=[This config only, instead of /etc/katydid/katydid.toml and /etc/katydid/conf.d/*.toml]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'--explain[Also say in words what each alarm and each rule does]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::config -- This config only, instead of /etc/katydid/katydid.toml and /etc/katydid/conf.d/*.toml:_files' \
&& ret=0
;;
(board)
_arguments "${_arguments_options[@]}" : \
'--config=[Also say which points use the pins, by this config, and for those whose device is not there what brings it]:FILE:_files' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(init)
_arguments "${_arguments_options[@]}" : \
'--jid=[The device'\''s own address, like greenhouse@home.example]:ADDRESS:_default' \
'--invite=[An invitation to the server, with which the account is made\: a link that begins with xmpp\: or https\:]:LINK:_default' \
'--password-file=[The account'\''s password is in this file (- is standard input); a new account has one made up without this]:FILE:_files' \
'--owner=[Your address\: who may do everything with the device]:ADDRESS:_default' \
'--board=[A name that \`katydid board\` knows, instead of asking the device tree]:BOARD:_default' \
'--name=[What the device is called (a-z, 0-9 and -), if not as its account]:NAME:_default' \
'--server=[host\:port instead of asking the DNS for the server]:HOST:_default' \
'--ca-file=[Trust this authority (PEM) instead of the public ones]:FILE:_files' \
'--config=[Write this config instead of /etc/katydid/katydid.toml]:FILE:_files' \
'--register[Make the account without an invitation, where the server allows that]' \
'--force[Replace a config or password that is there; the old ones are kept as .bak]' \
'(--register --invite)--offline[Only write the files, without logging in; not for a new account]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(adopt)
_arguments "${_arguments_options[@]}" : \
'--config=[Move it here instead]:FILE:_files' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::file -- By default /boot/firmware/katydid.toml, or /boot/katydid.toml:_files' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_katydid__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:katydid-help-command-$line[1]:"
        case $line[1] in
            (run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(board)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(init)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(adopt)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_katydid_commands] )) ||
_katydid_commands() {
    local commands; commands=(
'run:Be the device\: hold its lines and stay online' \
'check:Say everything that is wrong with a config, without hardware and without the network' \
'board:Say which board this is, what is on its header and who holds it now, and what else there is' \
'init:Make a contact of this board\: its account, its config, and you as its owner' \
'adopt:Take over a config that was put on the boot partition with another computer (docs/first-start.md)' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'katydid commands' commands "$@"
}
(( $+functions[_katydid__subcmd__adopt_commands] )) ||
_katydid__subcmd__adopt_commands() {
    local commands; commands=()
    _describe -t commands 'katydid adopt commands' commands "$@"
}
(( $+functions[_katydid__subcmd__board_commands] )) ||
_katydid__subcmd__board_commands() {
    local commands; commands=()
    _describe -t commands 'katydid board commands' commands "$@"
}
(( $+functions[_katydid__subcmd__check_commands] )) ||
_katydid__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'katydid check commands' commands "$@"
}
(( $+functions[_katydid__subcmd__help_commands] )) ||
_katydid__subcmd__help_commands() {
    local commands; commands=(
'run:Be the device\: hold its lines and stay online' \
'check:Say everything that is wrong with a config, without hardware and without the network' \
'board:Say which board this is, what is on its header and who holds it now, and what else there is' \
'init:Make a contact of this board\: its account, its config, and you as its owner' \
'adopt:Take over a config that was put on the boot partition with another computer (docs/first-start.md)' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'katydid help commands' commands "$@"
}
(( $+functions[_katydid__subcmd__help__subcmd__adopt_commands] )) ||
_katydid__subcmd__help__subcmd__adopt_commands() {
    local commands; commands=()
    _describe -t commands 'katydid help adopt commands' commands "$@"
}
(( $+functions[_katydid__subcmd__help__subcmd__board_commands] )) ||
_katydid__subcmd__help__subcmd__board_commands() {
    local commands; commands=()
    _describe -t commands 'katydid help board commands' commands "$@"
}
(( $+functions[_katydid__subcmd__help__subcmd__check_commands] )) ||
_katydid__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'katydid help check commands' commands "$@"
}
(( $+functions[_katydid__subcmd__help__subcmd__help_commands] )) ||
_katydid__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'katydid help help commands' commands "$@"
}
(( $+functions[_katydid__subcmd__help__subcmd__init_commands] )) ||
_katydid__subcmd__help__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'katydid help init commands' commands "$@"
}
(( $+functions[_katydid__subcmd__help__subcmd__run_commands] )) ||
_katydid__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'katydid help run commands' commands "$@"
}
(( $+functions[_katydid__subcmd__init_commands] )) ||
_katydid__subcmd__init_commands() {
    local commands; commands=()
    _describe -t commands 'katydid init commands' commands "$@"
}
(( $+functions[_katydid__subcmd__run_commands] )) ||
_katydid__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'katydid run commands' commands "$@"
}

if [ "$funcstack[1]" = "_katydid" ]; then
    _katydid "$@"
else
    compdef _katydid katydid
fi
