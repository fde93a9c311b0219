# What the database knows: aliases, domains, accounts, and the ids of messages; all else is in the commands.
_onward() {
    local text
    local -a before known
    before=("${(@Q)words[2,CURRENT-1]}")
    if [[ $words[CURRENT] != -* ]] &&
        text=$("${(Q)words[1]}" known --begins "${(Q)PREFIX}" -- "${before[@]}" 2>/dev/null </dev/null); then
        known=(${(f)text})
        compadd -a known
    else
        _onward_commands_and_options "$@"
    fi
}

