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
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'katydid commands' commands "$@"
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
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'katydid help commands' commands "$@"
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
(( $+functions[_katydid__subcmd__help__subcmd__run_commands] )) ||
_katydid__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'katydid help run commands' commands "$@"
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
