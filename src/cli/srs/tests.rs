use super::*;
use crate::{
    admin::{Place, srs::LongSendersIn},
    srs::{Settings, TagKind},
};
use clap::Parser;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    sync::Arc,
};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

struct World {
    directory: tempfile::TempDir,
    settings: Settings,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(Domain::parse("fwd.example").unwrap());
        (settings.tag, settings.tag_length) = (TagKind::Sha1Base64, 4);
        settings.exempt_domains = vec!["friend.example".parse().unwrap()];
        let world = Self { directory, settings };
        fs::write(world.file(), "tops3cr3t-of-the-forwarder\n").unwrap();
        world
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("srs.secret")
    }

    fn state_dir(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let cli = Cli::try_parse_from([&["srs"], arguments].concat()).map_err(|e| e.to_string())?;
        let srs = Srs {
            settings: &self.settings,
            keys: Keys::in_files(&self.file(), &self.state_dir()),
            long_senders: Arc::new(LongSendersIn(Place::directory(&self.state_dir()))),
            max_long_senders: 10,
        };
        let mut out = Vec::new();
        block_on(execute(cli.args, &srs, &mut out)).map_err(|failure| failure.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn fingerprints(&self) -> Vec<String> {
        let listed = self.run(&["key", "list"]).unwrap();
        listed.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }
}

const AT: &str = "1795420800";

#[test]
fn forward_and_reverse_print_the_address() {
    let world = World::new();
    let there = "SRS0=zu0L=JM=sender.test=alice@fwd.example\n";
    assert_eq!(world.run(&["forward", "alice@sender.test", "--at", AT]).unwrap(), there);
    let back = world.run(&["reverse", there.trim_end(), "--at", AT]).unwrap();
    assert_eq!(back, "alice@sender.test\n");
    for same in ["<>", "bob@Fwd.Example", "bob@friend.example"] {
        assert_eq!(world.run(&["forward", same]).unwrap(), format!("{same}\n"));
    }
    // Without --at, the clock of the machine.
    let there = world.run(&["forward", "alice@sender.test"]).unwrap();
    assert_eq!(world.run(&["reverse", there.trim_end()]).unwrap(), "alice@sender.test\n");
}

#[test]
fn refusals_are_one_line() {
    let world = World::new();
    for (arguments, reason) in [
        (["reverse", "SRS0=aaaa=JM=sender.test=alice@fwd.example"], "signature"),
        (["reverse", "SRS0=zu0L=sender.test@fwd.example"], "malformed"),
        (["reverse", "SRS0=zu0L=JM=sender.test=alice@other.example"], "not at the SRS domain"),
        (["reverse", "alice@fwd.example"], "not an SRS address"),
        (["reverse", "alice\nbob"], "local-part@domain"),
        (["forward", "alice"], "local-part@domain"),
    ] {
        let failure = world.run(&[&arguments[..], &["--at", AT]].concat()).unwrap_err();
        assert!(failure.contains(reason) && !failure.contains('\n'), "{failure}");
    }
    let later = "1797408000";
    let expired = ["reverse", "SRS0=zu0L=JM=sender.test=alice@fwd.example", "--at", later];
    assert!(world.run(&expired).unwrap_err().contains("expired"));
    assert!(
        world.run(&["forward", "a@b.c", "--domain", "d.e"]).unwrap_err().contains("per_domain")
    );

    fs::remove_file(world.file()).unwrap();
    assert!(world.run(&["forward", "a@b.c"]).unwrap_err().contains("srs.secret"));
}

#[test]
fn per_domain_takes_the_domain_of_the_alias() {
    let mut world = World::new();
    world.settings.per_domain = true;
    let there = world.run(&["forward", "a@b.test", "--domain", "alias.example"]).unwrap();
    assert!(there.ends_with("@alias.example\n"), "{there}");
    assert_eq!(world.run(&["reverse", there.trim_end()]).unwrap(), "a@b.test\n");
}

#[test]
fn long_senders_are_kept() {
    let world = World::new();
    let sender = format!("{}@sender.test", "x".repeat(60));
    let there = world.run(&["forward", &sender, "--at", AT]).unwrap();
    assert!(there.contains("=JM=1="), "{there}");
    let reverse = |at: &str| world.run(&["reverse", there.trim_end(), "--at", at]);
    assert_eq!(reverse(AT).unwrap(), format!("{sender}\n"));
    let last_day = 1_795_420_800 + 21 * 86_400;
    assert_eq!(reverse(&last_day.to_string()).unwrap(), format!("{sender}\n"));
    fs::remove_dir_all(world.state_dir()).unwrap();
    assert!(reverse(AT).unwrap_err().contains("no longer kept"));
}

#[test]
fn keys_rotate() {
    let world = World::new();
    let [first]: [String; 1] = world.fingerprints().try_into().unwrap();
    let made = world.run(&["forward", "alice@sender.test"]).unwrap();

    let added = world.run(&["key", "add", "--verify-only"]).unwrap();
    let [signing, second]: [String; 2] = world.fingerprints().try_into().unwrap();
    assert_eq!((&signing, added), (&first, format!("added {second}, which verifies\n")));
    assert_eq!(world.run(&["forward", "alice@sender.test"]).unwrap(), made);

    let added = world.run(&["key", "add"]).unwrap();
    let third = world.fingerprints().remove(0);
    assert_eq!(added, format!("added {third}, which signs\n"));
    assert_eq!(world.fingerprints(), [&third, &first, &second].map(Clone::clone));
    assert_ne!(world.run(&["forward", "alice@sender.test"]).unwrap(), made);
    assert_eq!(world.run(&["reverse", made.trim_end()]).unwrap(), "alice@sender.test\n");

    let retired = world.run(&["key", "retire", &first.to_uppercase()]).unwrap();
    assert_eq!(retired, format!("retired {first}; {third} signs\n"));
    assert_eq!(world.fingerprints(), [third.clone(), second.clone()]);
    assert!(world.run(&["reverse", made.trim_end()]).is_err());

    assert!(world.run(&["key", "retire", &first]).unwrap_err().contains("no secret"));
    assert!(world.run(&["key", "retire", "xyz"]).unwrap_err().contains("8 hexadecimal digits"));
    world.run(&["key", "retire", &second]).unwrap();
    assert!(world.run(&["key", "retire", &third]).unwrap_err().contains("only secret"));
    assert_eq!(world.fingerprints(), [third]);
}

#[test]
fn listing_shows_no_secret() {
    let world = World::new();
    fs::write(world.file(), "tops3cr3t-of-the-forwarder\r\n\nshort").unwrap();
    let text = world.run(&["key", "list"]).unwrap();
    let json = world.run(&["key", "list", "--json"]).unwrap();
    assert!(!(text.clone() + &json).contains("tops3cr3t") && text.lines().count() == 2);
    let [first, second] = text.lines().collect::<Vec<_>>()[..].try_into().unwrap();
    assert!(first.ends_with("  signs"), "{first}");
    assert!(second.contains("  verifies  (shorter"), "{second}");
    let lines: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["fingerprint"], world.fingerprints()[0].as_str());
    assert_eq!((&lines[0]["signs"], &lines[1]["signs"]), (&true.into(), &false.into()));
    assert_eq!((&lines[0]["short"], &lines[1]["short"]), (&false.into(), &true.into()));
}

#[test]
fn an_edit_keeps_the_mode_closes_it_to_others_and_leaves_nothing_behind() {
    let world = World::new();
    fs::set_permissions(world.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let link = world.directory.path().join("link");
    std::os::unix::fs::symlink(world.file(), &link).unwrap();
    let mut out = Vec::new();
    let keys = Keys::in_files(&link, &world.state_dir());
    block_on(key(KeyCommand::Add { verify_only: false }, &keys, &mut out)).unwrap();
    let metadata = fs::metadata(world.file()).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(world.fingerprints().len(), 2);

    fs::remove_file(world.file()).unwrap();
    world.run(&["key", "add"]).unwrap();
    assert_eq!(fs::metadata(world.file()).unwrap().mode() & 0o777, 0o600);
    assert!(world.run(&["key", "retire", "00000000"]).is_err());
    let names = fs::read_dir(world.directory.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["link", "srs.secret"]);
}

#[test]
fn one_edit_at_a_time() {
    let world = World::new();
    let draft = world.directory.path().join("srs.secret.new");
    fs::write(&draft, "of another").unwrap();
    let failure = world.run(&["key", "add"]).unwrap_err();
    assert!(failure.contains("srs.secret.new") && failure.contains("another edit"), "{failure}");
    assert_eq!(fs::read(&draft).unwrap(), b"of another");
    assert_eq!(world.fingerprints().len(), 1);
}

#[test]
fn the_owner_is_kept() {
    let world = World::new();
    let (uid, gid) = (65_534, 65_534);
    if std::os::unix::fs::chown(world.file(), Some(uid), Some(gid)).is_err() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    world.run(&["key", "add"]).unwrap();
    let metadata = fs::metadata(world.file()).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (uid, gid));
}
