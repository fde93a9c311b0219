
# What the database knows: aliases, domains, accounts, and the ids of messages. It is that of the configuration in force.
_onward_known() {
    _onward "$@"
    # As it was typed: bash takes an @ for the end of a word.
    local typed=${COMP_LINE:0:COMP_POINT} word known
    local -a words
    read -ra words <<<"$typed"
    local current=${typed##*[[:space:]]}
    [ -z "$current" ] || unset 'words[-1]'
    [[ $current != -* && ${#words[@]} -gt 0 ]] || return
    known=$("${words[0]}" known --begins "$current" -- "${words[@]:1}" 2>/dev/null </dev/null) || return
    COMPREPLY=()
    while IFS= read -r word; do
        [ -z "$word" ] || COMPREPLY+=("${word#"${current%"${current##*@}"}"}")
    done <<<"$known"
}
complete -F _onward_known -o bashdefault -o default onward
