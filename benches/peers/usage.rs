//! What a forwarder uses: the processor's time and memory of all its processes.

use std::{collections::HashMap, fs, time::Duration};

/// The time that a process and all below it have had, those that ended included as far as somebody waited for them.
pub fn cpu(roots: &[u32]) -> Duration {
    let ticks: u64 = tree(roots).iter().map(|(_, stat)| stat.ticks).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// The memory of all of them, in octets; what they share is counted once (PSS).
pub fn memory(roots: &[u32]) -> u64 {
    tree(roots).iter().map(|(id, _)| proportional(*id)).sum()
}

/// What a process has in memory, in octets, whatever it shares (RSS).
pub fn resident(id: u32) -> u64 {
    line_of(id, "status", "VmRSS:")
}

/// The most that a process had in memory so far.
pub fn peak(id: u32) -> u64 {
    line_of(id, "status", "VmHWM:")
}

/// Of a second; Linux has no other for programs.
const TICKS: u64 = 100;

struct Stat {
    parent: u32,
    ticks: u64,
}

fn tree(roots: &[u32]) -> Vec<(u32, Stat)> {
    let mut all: HashMap<u32, Stat> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, stat(id)?)))
        .collect();
    let mut found = Vec::new();
    let mut open = roots.to_vec();
    while let Some(id) = open.pop() {
        open.extend(all.iter().filter(|(_, stat)| stat.parent == id).map(|(child, _)| *child));
        found.extend(all.remove(&id).map(|stat| (id, stat)));
    }
    found
}

/// proc(5): behind the name in brackets stand the state, the parent and, from the 12th on, four times.
fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let parent = fields.get(1)?.parse().ok()?;
    let ticks = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Stat { parent, ticks })
}

fn proportional(id: u32) -> u64 {
    line_of(id, "smaps_rollup", "Pss:")
}

/// The octets that a line of a file of proc(5) speaks of in kB.
fn line_of(id: u32, file: &str, begin: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(begin));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok());
    kilobytes.unwrap_or(0) * 1024
}
