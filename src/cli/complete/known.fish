
# What the database knows: aliases, domains, accounts, and the ids of messages. It is that of the configuration in force.
function __onward_known
    set -l words (commandline -opc)
    $words[1] known --begins (commandline -ct) -- $words[2..] 2>/dev/null </dev/null
end
complete -c onward -f -n '__onward_known >/dev/null' -a '(__onward_known)'
# What stands behind an option is asked for by the option's name.
for option in id domain account to
    complete -c onward -l $option -x -n '__onward_known >/dev/null' -a '(__onward_known)'
end
