use super::{
    Database,
    define::section,
    reader::Table,
    units::{MINUTE, SECOND},
};
use std::{path::PathBuf, time::Duration};

section! {
    /// Where domains, aliases, the spool, what is remembered and the journal are. Without this table that is SQLite in
    /// `state_dir`, for one machine. Several machines, the nodes, share a database of PostgreSQL: docs/NODES.md.
    table "store", Keys => pub struct Store {}

    /// The database that nodes share: PostgreSQL 14 or newer, by a URL as psql takes it. On another machine it is spoken to
    /// over TLS, by a certificate made out to its name (`sslrootcert=FILE` names who may have made that). A password is better
    /// in a credential, which holds the URL, than here, where others may read it. Another one needs a restart.
    pub postgres: Option<Database> = database, absent "SQLite in `state_dir`";
    /// The name of this machine among those that share the database; each has its own.
    pub node: Option<String> = text(NODE, node), absent "`hostname`";
    /// What seals SRS secrets and DKIM keys, which then are in the database for all nodes, and no files of each
    /// (`onward store secrets import`): 32 random octets a line, in base64 or hexadecimal digits, the same on all nodes. The first
    /// seals, all open. `head -c 32 /dev/urandom | base64` makes one.
    pub key_file: Option<PathBuf> = secret_path, absent "they are files: `srs.secret_file`, and `dkim` in `state_dir`";
    /// How long a node that nobody hears of keeps what it has in the spool; then the others take it over. It says six times in
    /// that time that it serves.
    pub lease: Duration = duration(3 * SECOND, 60 * MINUTE), default "60s";
    /// How many messages of the spool a node has in hand at once, each counted once for every destination that it waits for. The
    /// rest stays in the database, in the order in which it is due, for whichever node has room.
    pub hold: usize = integer(100, 1_000_000), default 20_000;
}

const NODE: &str = "a name of letters, digits, dots, hyphens and underscores, at most 64 of them";

fn node(text: &str) -> Result<String, String> {
    let is_name = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    is_name.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is no such name"))
}

pub(super) fn read(root: &Table<'_>, warnings: &mut Vec<String>) -> Option<Store> {
    let keys: Keys<'_> = root.table();
    if keys.node.is_written() && !keys.postgres.is_written() {
        warnings.push("store.node means nothing without store.postgres".into());
    }
    if keys.key_file.is_written() && !keys.postgres.is_written() {
        keys.key_file.refuse(
            "without store.postgres there is nothing that it could seal",
            "srs.secret_file, and no store.key_file",
        );
    }
    keys.checked()
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Machine};
    use std::{fs, path::Path};

    #[test]
    fn nothing_is_sealed_where_nothing_is_shared() {
        let text = "hostname = \"mx1.example.org\"\n[srs]\ndomain = \"x.test\"\n[store]\nkey_file = \"/k\"\n";
        let wrong = Config::parse(text, Path::new("x"), &Machine::default()).unwrap_err();
        assert!(
            wrong.to_string().contains("x:5: store.key_file: without store.postgres"),
            "{wrong}"
        );
    }

    fn parse(credentials: &Path) -> Result<Config, String> {
        let text = "hostname = \"mx1.example.org\"\n[srs]\ndomain = \"x.test\"\n[store]\npostgres = \"credential:database\"\n";
        let machine =
            Machine { credentials_directory: Some(credentials.to_owned()), ..Machine::default() };
        Config::parse(text, Path::new("x"), &machine).map_err(|error| error.to_string())
    }

    #[test]
    fn a_credential_holds_the_url_and_no_message_its_password() {
        let directory = tempfile::tempdir().unwrap();
        let wrong = parse(directory.path()).unwrap_err();
        assert!(
            wrong.contains("x:5: store.postgres: \"credential:database\": cannot be read"),
            "{wrong}"
        );
        let write = |url| fs::write(directory.path().join("database"), url).unwrap();
        write("postgresql://o:hunter2@db.example/onward?sslmode=prefer\n");
        let wrong = parse(directory.path()).unwrap_err();
        assert!(wrong.contains("everybody in between") && !wrong.contains("hunter2"), "{wrong}");
        write("postgresql://o:hunter2@db.example/onward\n");
        let config = parse(directory.path()).unwrap();
        let database = config.store.postgres.clone().unwrap();
        assert_eq!(database.name(), "postgresql://o@db.example/onward");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
