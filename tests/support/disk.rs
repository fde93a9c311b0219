//! A disk that is soon full.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::peer;

/// A small file system in memory, gone when dropped.
pub struct Disk {
    directory: TempDir,
}

impl Disk {
    /// Of a size such as `6m`. `None` means: skip, as with [`peer::root`].
    pub fn mount(size: &str) -> Option<Self> {
        if !peer::root() {
            return None;
        }
        let directory = tempfile::Builder::new().prefix("disk").tempdir().unwrap();
        let options = format!("size={size},mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(directory.path())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            peer::skipped("no right to mount");
            return None;
        }
        Some(Self { directory })
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file until nothing is left of the disk.
    pub fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&filler).unwrap();
        for chunk in [64 << 10, 4096, 1] {
            while file.write_all(&vec![b'f'; chunk]).is_ok() {}
        }
        filler
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still has it open loses it all the same.
        let _status = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
