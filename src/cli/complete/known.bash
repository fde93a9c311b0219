
# What the database knows: aliases, domains, accounts, and the ids of messages. It is that of the configuration in force.
_onward_words() {
    case "$2" in
        alias) "$1" alias list ;;
        domain) "$1" domain list ;;
        account) "$1" account list ;;
        waiting) "$1" queue list --json | sed -n 's/.*"id":"\([0-9A-Z]*\)".*/\1/p' ;;
        id) "$1" trace --since 7d --limit 100 --json | sed -n 's/.*"id":"\([0-9A-Z]*\)".*/\1/p' ;;
    esac 2>/dev/null </dev/null | head -n 1000 | cut -d' ' -f1
}

_onward_known() {
    _onward "$@"
    # As it was typed: bash takes an @ for the end of a word.
    local typed=${COMP_LINE:0:COMP_POINT} kind= word
    local -a words
    read -ra words <<<"$typed"
    local current=${typed##*[[:space:]]} last=$((${#words[@]} - 1))
    [ -n "$current" ] || last=${#words[@]}
    case "${words[last - 1]}" in
        --id) kind=id ;;
        --domain) kind=domain ;;
        --account) kind=account ;;
        --to) [ "${words[1]}" != trace ] || kind=alias ;;
        *) case "${words[*]:1:last - 1}" in
            "alias show" | "alias set" | "alias remove" | "alias enable" | "alias disable" | explain) kind=alias ;;
            "domain set" | "domain remove" | "dkim key add") kind=domain ;;
            "account show" | "account set" | "account client" | "account disable" | "account enable" | "account remove") kind=account ;;
            "account password add" | "account password list" | "account password revoke") kind=account ;;
            "queue show" | "queue retry" | "queue drop") kind=waiting ;;
        esac ;;
    esac
    if [ -z "$kind" ] || [[ $current == -* ]]; then
        return
    fi
    COMPREPLY=()
    while IFS= read -r word; do
        [[ $word != "$current"* ]] || COMPREPLY+=("${word#"${current%"${current##*@}"}"}")
    done < <(_onward_words "${words[0]}" "$kind")
}
complete -F _onward_known -o bashdefault -o default onward
