//! Completions of bash, as bash asks for them.

use crate::support::onward::Onward;
use crate::support::peer;
use std::path::Path;
use std::process::Command;

/// What bash offers behind `line`; `None`: skip.
fn offered(onward: &Onward, line: &str) -> Option<Vec<String>> {
    let mut command = Command::new(peer::program("bash")?);
    let script = r#"
        source <(onward completions bash)
        COMP_LINE=$1 COMP_POINT=${#1}
        read -ra COMP_WORDS <<<"$1"
        [[ $1 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _onward_known onward "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let program = Path::new(env!("CARGO_BIN_EXE_onward")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    command.args(["--norc", "-c", script, "bash", line]);
    command.env("PATH", path).env("ONWARD_CONFIG", onward.config_path());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    Some(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

#[test]
fn bash_knows_aliases_domains_accounts_and_ids() {
    let onward = Onward::builder()
        .domain("example.org")
        .domain("other.test")
        .alias("hello@example.org", &["bob@sink.test"])
        .alias("help@example.org", &["bob@sink.test"])
        .alias("sales@example.org", &["bob@sink.test"])
        .run_first(&["dkim", "key", "add", "example.org", "--kind", "ed25519"])
        .run_first(&["account", "add", "hello@example.org"])
        .start();
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
        let Some(offered) = offered(&onward, line) else { return };
        assert_eq!(offered, words, "{line}");
    }
}
