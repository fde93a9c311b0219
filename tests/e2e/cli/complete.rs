//! Completions of bash, zsh and fish, as these ask for them.

use crate::support::onward::Onward;
use crate::support::peer;
use std::path::Path;
use std::process::Command;

/// Each prints what it offers behind $1, a line each; without what people see, the shell's own functions are stand-ins.
const BASH: &str = r#"
    source <(onward completions bash)
    COMP_LINE=$1 COMP_POINT=${#1}
    read -ra COMP_WORDS <<<"$1"
    [[ $1 != *" " ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _onward_known onward "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}"
"#;
const ZSH: &str = r#"
    compdef() { :; }
    compadd() { print -rl -- "${(@P)argv[-1]}"; }
    source <(onward completions zsh)
    words=("${(@s: :)1}")
    CURRENT=$#words PREFIX=$words[-1]
    _onward_commands_and_options() { print -r -- other }
    _onward
"#;
const FISH: &str = r#"
    onward completions fish | source
    complete -C $argv[1] | string split -f 1 \t
    true
"#;

/// What a shell offers behind `line`; `None`: skip.
fn offered(shell: [&str; 3], onward: &Onward, line: &str) -> Option<Vec<String>> {
    let [program, option, script] = shell;
    let mut command = Command::new(peer::program(program)?);
    let directory = Path::new(env!("CARGO_BIN_EXE_onward")).parent().unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    command.args([option, "-c", script]);
    // fish has the arguments alone, the others what they are called before them.
    command.args(["shell"].iter().filter(|_| program != "fish")).arg(line);
    command.env("PATH", path).env("ONWARD_CONFIG", onward.config_path());
    // fish writes there.
    let home = tempfile::tempdir().unwrap();
    command.env("HOME", home.path());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    Some(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn hosting() -> Onward {
    Onward::builder()
        .domain("example.org")
        .domain("other.test")
        .alias("hello@example.org", &["bob@sink.test"])
        .alias("help@example.org", &["bob@sink.test"])
        .alias("sales@example.org", &["bob@sink.test"])
        .run_first(&["dkim", "key", "add", "example.org", "--kind", "ed25519"])
        .run_first(&["account", "add", "hello@example.org"])
        .start()
}

#[test]
fn bash_knows_aliases_domains_accounts_and_ids() {
    let onward = hosting();
    for (line, words) in [
        ("onward alias show ", &["hello@example.org", "help@example.org", "sales@example.org"][..]),
        ("onward alias show hel", &["hello@example.org", "help@example.org"]),
        // The part behind the @ alone, as bash has it.
        ("onward alias set hello@ex", &["example.org"]),
        ("onward explain sa", &["sales@example.org"]),
        ("onward trace --to hell", &["hello@example.org"]),
        ("onward domain remove o", &["other.test"]),
        ("onward account show h", &["hello@example.org"]),
        ("onward queue show ", &[]),
        // As ever.
        ("onward alias sh", &["show"]),
        ("onward backu", &["backup"]),
    ] {
        let Some(offered) = offered(["bash", "--norc", BASH], &onward, line) else { return };
        assert_eq!(offered, words, "{line}");
    }
}

#[test]
fn zsh_and_fish_know_them_too() {
    let onward = hosting();
    let other = &["other"][..];
    for (line, words, by_zsh) in [
        (
            "onward alias show ",
            &["hello@example.org", "help@example.org", "sales@example.org"][..],
            None,
        ),
        ("onward alias show hel", &["hello@example.org", "help@example.org"], None),
        ("onward alias set hello@ex", &["hello@example.org"], None),
        ("onward trace --to hell", &["hello@example.org"], None),
        ("onward domain remove o", &["other.test"], None),
        ("onward account show h", &["hello@example.org"], None),
        ("onward queue show ", &[], None),
        ("onward alias sh", &["show"], Some(other)),
        ("onward backu", &["backup"], Some(other)),
    ] {
        let zsh = ["zsh", "-f", ZSH];
        if let Some(offered) = offered(zsh, &onward, line) {
            assert_eq!(offered, by_zsh.unwrap_or(words), "zsh: {line}");
        }
        if let Some(offered) = offered(["fish", "--no-config", FISH], &onward, line) {
            assert_eq!(offered, words, "fish: {line}");
        }
    }
}
