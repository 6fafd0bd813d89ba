//! How much memory a browser's pages take, as Linux counts it.

use std::fs;
use std::path::Path;

/// Largest resident memory that any page's process below the process `driver` has had, bytes.
pub fn peak(driver: u32) -> Option<u64> {
    let processes: Vec<Process> =
        fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| Process::read(&entry.path())).collect();
    let is_ours = |process: &Process| {
        let mut id = process.id;
        while let Some(parent) = processes.iter().find(|other| other.id == id).map(|process| process.parent) {
            if parent == driver {
                return true;
            }
            id = parent;
        }
        false
    };
    processes
        .iter()
        .filter(|process| process.is_renderer && is_ours(process))
        .map(|process| process.peak)
        .max()
}

/// One line of the system's list of processes.
struct Process {
    id: u32,
    parent: u32,
    is_renderer: bool,
    /// Bytes.
    peak: u64,
}

impl Process {
    fn read(folder: &Path) -> Option<Self> {
        let status = fs::read_to_string(folder.join("status")).ok()?;
        let number = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let command = fs::read_to_string(folder.join("cmdline")).ok()?;
        Some(Self {
            id: number("Pid")? as u32,
            parent: number("PPid")? as u32,
            is_renderer: command.contains("--type=renderer"),
            peak: number("VmHWM")? * 1024,
        })
    }
}
