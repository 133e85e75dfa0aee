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
complete -c katydid -n "__fish_katydid_needs_command" -f -a "init" -d 'Make a contact of this board: its account, its config, and you as its owner'
complete -c katydid -n "__fish_katydid_needs_command" -f -a "adopt" -d 'Take over a config that was put on the boot partition with another computer (docs/first-start.md)'
complete -c katydid -n "__fish_katydid_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c katydid -n "__fish_katydid_using_subcommand run" -l config -d 'This config only, instead of /etc/katydid/katydid.toml and /etc/katydid/conf.d/*.toml' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand run" -s h -l help -d 'Print help'
complete -c katydid -n "__fish_katydid_using_subcommand check" -l explain -d 'Also say in words what each alarm and each rule does'
complete -c katydid -n "__fish_katydid_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c katydid -n "__fish_katydid_using_subcommand board" -l config -d 'Also say which points use the pins, by this config, and for those whose device is not there what brings it' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand board" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c katydid -n "__fish_katydid_using_subcommand init" -l jid -d 'The device\'s own address, like greenhouse@home.example' -r
complete -c katydid -n "__fish_katydid_using_subcommand init" -l invite -d 'An invitation to the server, with which the account is made: a link that begins with xmpp: or https:' -r
complete -c katydid -n "__fish_katydid_using_subcommand init" -l password-file -d 'The account\'s password is in this file (- is standard input); a new account has one made up without this' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand init" -l owner -d 'Your address: who may do everything with the device' -r
complete -c katydid -n "__fish_katydid_using_subcommand init" -l board -d 'A name that `katydid board` knows, instead of asking the device tree' -r
complete -c katydid -n "__fish_katydid_using_subcommand init" -l name -d 'What the device is called (a-z, 0-9 and -), if not as its account' -r
complete -c katydid -n "__fish_katydid_using_subcommand init" -l server -d 'host:port instead of asking the DNS for the server' -r
complete -c katydid -n "__fish_katydid_using_subcommand init" -l ca-file -d 'Trust this authority (PEM) instead of the public ones' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand init" -l config -d 'Write this config instead of /etc/katydid/katydid.toml' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand init" -l register -d 'Make the account without an invitation, where the server allows that'
complete -c katydid -n "__fish_katydid_using_subcommand init" -l force -d 'Replace a config or password that is there; the old ones are kept as .bak'
complete -c katydid -n "__fish_katydid_using_subcommand init" -l offline -d 'Only write the files, without logging in; not for a new account'
complete -c katydid -n "__fish_katydid_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c katydid -n "__fish_katydid_using_subcommand adopt" -l config -d 'Move it here instead' -r -F
complete -c katydid -n "__fish_katydid_using_subcommand adopt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board init adopt help" -f -a "run" -d 'Be the device: hold its lines and stay online'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board init adopt help" -f -a "check" -d 'Say everything that is wrong with a config, without hardware and without the network'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board init adopt help" -f -a "board" -d 'Say which board this is, what is on its header and who holds it now, and what else there is'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board init adopt help" -f -a "init" -d 'Make a contact of this board: its account, its config, and you as its owner'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board init adopt help" -f -a "adopt" -d 'Take over a config that was put on the boot partition with another computer (docs/first-start.md)'
complete -c katydid -n "__fish_katydid_using_subcommand help; and not __fish_seen_subcommand_from run check board init adopt help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
