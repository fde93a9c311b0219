use super::map_fault::{Asker, MapFault, Trouble};
use crate::alias::import::split;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    process::Stdio,
    str,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::{Notify, Semaphore},
    time::{Instant, timeout},
};

/// Behind the local part of an address, whatever Postfix's `recipient_delimiter` says: an extension that
/// Postfix does not know is not found there either.
const DELIMITER: char = '+';
/// How long a look-up in one map may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// For as long an answer is good, as Postfix itself may keep a table open.
const FRESH: Duration = Duration::from_secs(30);
/// Answers that are kept.
const MAX_KEPT: usize = 10_000;
/// Processes of `postmap` at once.
const MAX_PROCESSES: usize = 4;
/// Longest answer of one map, in octets.
const MAX_ANSWER: u64 = 1 << 20;
/// Addresses that one address may come to, those on the way included.
const MAX_EXPANDED: usize = 200;
/// What a map is asked that is to show whether it answers at all.
const PROBE: &str = "postmaster@probe.invalid";

/// Postfix's virtual_alias_maps and alias_maps, asked as Postfix itself would: by `postmap -q`, which
/// knows every kind of table. virtual(5) and aliases(5) have the order of the keys.
#[derive(Debug)]
pub struct AliasMaps {
    maps: Vec<String>,
    asker: Asker,
    kept: Mutex<HashMap<String, Kept>>,
    processes: Semaphore,
    failing: Notify,
}

/// Since when, and the targets of an alias.
type Kept = (Instant, Option<Vec<String>>);

/// Why it is not known where an address leads.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// A map does not answer.
    #[error(transparent)]
    Map(#[from] MapFault),
    /// An alias of more addresses than are looked at.
    #[error("the alias comes to more than {MAX_EXPANDED} addresses")]
    TooMany,
}

impl AliasMaps {
    /// Asks these tables, as `hash:/etc/postfix/virtual`.
    pub fn new(maps: Vec<String>) -> Self {
        Self {
            maps,
            asker: Asker::default(),
            kept: Mutex::default(),
            processes: Semaphore::new(MAX_PROCESSES),
            failing: Notify::new(),
        }
    }

    /// Asks them as somebody else would.
    #[must_use]
    pub fn asked_by(self, asker: Asker) -> Self {
        Self { asker, ..self }
    }

    /// Asks each of them once: those that do not answer.
    pub async fn probe(&self) -> Vec<MapFault> {
        let keys = [PROBE.to_owned()];
        let mut faults = Vec::new();
        for map in &self.maps {
            faults.extend(self.ask(map, &keys).await.err());
        }
        faults
    }

    /// Waits until one of them does not answer somebody.
    pub(crate) async fn failing(&self) {
        self.failing.notified().await;
    }

    /// Where `address` leads, its aliases' aliases followed: all addresses that are no aliases
    /// themselves. `None` when it is none. `is_local` says of a domain whether its mailboxes are on this
    /// machine: its addresses are looked up by their local part too.
    ///
    /// # Errors
    /// When a map does not answer.
    pub async fn expand(
        &self,
        address: &str,
        is_local: impl Fn(&str) -> bool,
    ) -> Result<Option<Vec<String>>, MapError> {
        if self.maps.is_empty() {
            return Ok(None);
        }
        let mut ends = Vec::new();
        let mut is_alias = false;
        let mut seen = HashSet::from([address.to_owned()]);
        let mut open = vec![address.to_owned()];
        while let Some(address) = open.pop() {
            let Some(targets) = self.look_up(&address, &is_local).await? else {
                ends.push(address);
                continue;
            };
            is_alias = true;
            for target in targets {
                if seen.len() > MAX_EXPANDED {
                    return Err(MapError::TooMany);
                }
                // Who names himself among others keeps a copy.
                if seen.insert(target.clone()) {
                    open.push(target);
                }
            }
        }
        Ok(is_alias.then_some(ends))
    }

    async fn look_up(
        &self,
        address: &str,
        is_local: impl Fn(&str) -> bool,
    ) -> Result<Option<Vec<String>>, MapError> {
        if let Some(kept) = self.kept(address) {
            return Ok(kept);
        }
        let keys = keys(address, is_local);
        let mut found: HashMap<String, String> = HashMap::new();
        for map in &self.maps {
            let answered = self.ask(map, &keys).await;
            for (key, value) in answered.inspect_err(|_| self.failing.notify_one())? {
                found.entry(key).or_insert(value);
            }
        }
        let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
        let value = keys.iter().find_map(|key| found.get(key));
        let targets = value.map(|value| targets(value, local));
        self.keep(address, targets.clone());
        Ok(targets)
    }

    /// Those of `keys` that a map knows, with what it says.
    async fn ask(&self, map: &str, keys: &[String]) -> Result<Vec<(String, String)>, MapFault> {
        let answer = self.postmap(map, keys).await;
        answer.map_err(|trouble| MapFault::new(map, &trouble, &self.asker))
    }

    async fn postmap(&self, map: &str, keys: &[String]) -> Result<Vec<(String, String)>, Trouble> {
        let _turn = self.processes.acquire().await;
        let asked = async {
            // proxymap(8) answers Postfix's own processes alone.
            let map = map.strip_prefix("proxy:").unwrap_or(map);
            let mut process = Command::from(self.asker.command("postmap"))
                .args(["-q", "-", map])
                .env("PATH", search_path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            if let Some(mut stdin) = process.stdin.take() {
                // One that ends before it has read all says why.
                let _ = stdin.write_all(format!("{}\n", keys.join("\n")).as_bytes()).await;
            }
            let said = (read(process.stdout.take()), read(process.stderr.take()));
            let (answer, complaint) = tokio::try_join!(said.0, said.1)?;
            let status = process.wait().await?;
            Ok::<_, io::Error>((status.success(), answer, complaint))
        };
        let asked = timeout(PATIENCE, asked).await;
        let (is_good, answer, complaint) =
            asked.map_err(|_| Trouble::Silent)?.map_err(Trouble::Run)?;
        // It fails without a word when it finds nothing.
        let complaint = String::from_utf8_lossy(&complaint);
        if !is_good && let Some(line) = complaint.lines().find(|line| line.contains("fatal:")) {
            return Err(Trouble::Says(line.to_owned()));
        }
        let answer = String::from_utf8_lossy(&answer);
        let lines = answer.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    fn kept(&self, address: &str) -> Option<Option<Vec<String>>> {
        let kept = self.kept.lock();
        let (since, targets) = kept.get(address)?;
        (since.elapsed() < FRESH).then(|| targets.clone())
    }

    fn keep(&self, address: &str, targets: Option<Vec<String>>) {
        let mut kept = self.kept.lock();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(address.to_owned(), (Instant::now(), targets));
    }
}

/// What a process says, as far as it is read.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut said = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(MAX_ANSWER).read_to_end(&mut said).await?;
    }
    Ok(said)
}

/// Where Postfix's commands are, which is not where those of every user are.
pub(crate) fn search_path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin:/usr/local/sbin")
}

/// Under which an address is looked up, in order.
fn keys(address: &str, is_local: impl Fn(&str) -> bool) -> Vec<String> {
    let address = address.to_lowercase();
    if address.contains(['\n', '\0']) {
        return Vec::new();
    }
    let plain = |local: &str| local.split_once(DELIMITER).map(|(plain, _)| plain.to_owned());
    let mut keys = Vec::new();
    match address.rsplit_once('@') {
        None => keys.extend([Some(address.clone()), plain(&address)].into_iter().flatten()),
        Some((local, domain)) => {
            let plain = plain(local).filter(|plain| !plain.is_empty());
            let locals: Vec<&str> = [Some(local), plain.as_deref()].into_iter().flatten().collect();
            keys.extend(locals.iter().map(|local| format!("{local}@{domain}")));
            if is_local(domain) {
                keys.extend(locals.iter().map(|local| (*local).to_owned()));
            }
            keys.push(format!("@{domain}"));
        }
    }
    keys
}

/// The addresses of a value: between commas and blanks, but for those in quotes. `@domain` keeps the
/// local part. Files, commands and `:include:` are this machine's.
fn targets(value: &str, local: &str) -> Vec<String> {
    let targets = split(value, &[','], true).into_iter();
    targets
        .map(|target| match target.strip_prefix('@') {
            Some(domain) => format!("{local}@{domain}"),
            None => target,
        })
        .collect()
}

impl fmt::Display for AliasMaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.maps.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys() {
        let is_local = |domain: &str| domain == "local.test";
        let keys = |address| keys(address, is_local).join(" ");
        assert_eq!(keys("A+x@b.test"), "a+x@b.test a@b.test @b.test");
        assert_eq!(keys("a@local.test"), "a@local.test a @local.test");
        assert_eq!(keys("a+x@local.test"), "a+x@local.test a@local.test a+x a @local.test");
        assert_eq!(keys("+x@b.test"), "+x@b.test @b.test");
        assert_eq!(keys("root"), "root");
        assert_eq!(keys("a\nb@c.test"), "");
    }

    #[test]
    fn values() {
        let targets = |value| targets(value, "hello");
        assert_eq!(targets("a@b.test, c@d.test  e@f.test"), ["a@b.test", "c@d.test", "e@f.test"]);
        assert_eq!(targets("@other.test"), ["hello@other.test"]);
        assert_eq!(targets("\"a, b\"@c.test,x"), ["\"a, b\"@c.test", "x"]);
        assert_eq!(targets(" , ,"), [""; 0]);
    }
}
