# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_katydid_global_optspecs
    string join \n h/help V/version
end

function __fish_katydid_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_katydid_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_katydid_using_subcommand
    set -l cmd (__fish_katydid_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c katydid -n "__fish_katydid_needs_command" -s h -l help -d 'Print help'
complete -c katydid -n "__fish_katydid_needs_command" -s V -l version -d 'Print version'
complete -c katydid -n "__fish_katydid_needs_command" -f -a "run" -d 'Be the device: hold its lines and stay online'
complete -c katydid -n "__fish_katydid_needs_command" -f -a "check" -d 'Say everything that is wrong with a config, without hardware and without the network'
complete -c katydid -n "__fish_katydid_needs_command" -f -a "board" -d 'Say which board this is, what is on its header and who holds it now, and what else there is'
complete -c katydid -n "__fish_katydid_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c katydid -n "__fish_katydid_using_subcommand run" -l config -d 'This config only, instead of /etc/katydid/katydid.toml and /etc/katydid/conf.d/*.toml' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand run" -s h -l help -d 'Print help'
complete -c katydid -n "__fish_katydid_using_subcommand check" -l explain -d 'Also say in words what each alarm and each rule does'
complete -c katydid -n "__fish_katydid_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c katydid -n "__fish_katydid_using_subcommand board" -l config -d 'Also say which points use the pins, by this config, and for those whose device is not there what brings it' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand board" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board help" -f -a "run" -d 'Be the device: hold its lines and stay online'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board help" -f -a "check" -d 'Say everything that is wrong with a config, without hardware and without the network'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board help" -f -a "board" -d 'Say which board this is, what is on its header and who holds it now, and what else there is'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
