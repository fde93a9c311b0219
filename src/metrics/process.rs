//! This process, under the names that every client of Prometheus has for it.

use super::Level;
use crate::{clock, time::UnixTime};
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use std::{fs, sync::atomic::AtomicU64};

/// Clock ticks of Linux, whatever the architecture (sysconf(_SC_CLK_TCK)).
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug, Default)]
pub(super) struct Process {
    memory: Level,
    files: Level,
    cpu: Counter<f64, AtomicU64>,
    start: Level,
}

/// This process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessFigures {
    /// When it began.
    pub start: UnixTime,
    /// Octets of memory that it holds.
    pub memory: u64,
    /// Files and sockets that it has open.
    pub files: u64,
}

impl Process {
    pub(super) fn figures(&self) -> ProcessFigures {
        self.look();
        // None of them is below zero, or beyond what a float holds.
        let whole = |level: &Level| level.get().max(0.0) as u64;
        ProcessFigures {
            start: UnixTime::new(whole(&self.start)),
            memory: whole(&self.memory),
            files: whole(&self.files),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        self.start.set(clock::millis().as_millis() as f64 / 1000.0);
        registry.register(
            "process_resident_memory_bytes",
            "Resident memory size in bytes",
            self.memory.clone(),
        );
        registry.register("process_open_fds", "Open file descriptors", self.files.clone());
        registry.register("process_cpu_seconds", "User and system CPU time", self.cpu.clone());
        registry.register(
            "process_start_time_seconds",
            "Start of the process since 1970",
            self.start.clone(),
        );
    }

    pub(super) fn look(&self) {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
        self.memory.set(kib.unwrap_or(0.0) * 1024.0);
        self.files.set(fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as f64);
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name of the program, in parentheses, may hold anything.
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let ticks = behind.split_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        self.cpu.inc_by((ticks / TICKS_PER_SECOND - self.cpu.get()).max(0.0));
    }
}
