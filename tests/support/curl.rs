//! A browser without a window: it keeps cookies by the rules of browsers, and believes one authority.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::peer;

pub struct Curl {
    authority: PathBuf,
    jar: TempDir,
    names: Vec<String>,
}

impl Curl {
    /// With no cookies yet; finds `name` at `address`.
    pub fn new(authority: &Path, name: &str, address: SocketAddr) -> Self {
        let jar = tempfile::Builder::new().prefix("curl").tempdir().unwrap();
        let name = format!("{name}:{}:{}", address.port(), address.ip());
        Self { authority: authority.to_owned(), jar, names: vec![name] }
    }

    /// The answer with its head, whatever it is. `None`: skip, there is no curl.
    pub fn ask(&self, url: &str, options: &[&str]) -> Option<Result<String, String>> {
        let (authority, jar) = (self.authority.to_str().unwrap(), self.jar());
        let mut arguments = vec!["-q", "-sS", "-i", "--http1.1", "--max-time", "20"];
        arguments.extend(["--cacert", authority, "-b", &jar, "-c", &jar]);
        self.names.iter().for_each(|name| arguments.extend(["--resolve", name]));
        arguments.extend(options);
        arguments.push(url);
        let ended = peer::run("curl", &arguments)?;
        // Its lines have lost their ends.
        let (head, body) = ended.output.split_once("\n\n").unwrap_or((ended.output.trim_end(), ""));
        let answer = format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n"));
        Some(if ended.success { Ok(answer) } else { Err(ended.output) })
    }

    /// The lines of the cookies that it keeps.
    pub fn cookies(&self) -> String {
        std::fs::read_to_string(self.jar()).unwrap_or_default()
    }

    fn jar(&self) -> String {
        self.jar.path().join("jar").display().to_string()
    }
}
