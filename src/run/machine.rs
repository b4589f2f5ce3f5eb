//! What the operating system says of this process and of the disk.

use std::path::Path;

/// The most memory that this process has had resident, in bytes; `None` where the system does not tell.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    kibibytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The memory that this process has resident now, in bytes; `None` where the system does not tell.
pub(crate) fn memory_bytes() -> Option<u64> {
    kibibytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// Begins counting the most resident memory anew, from what is held now; `false` where the system does not do that.
pub(crate) fn forget_peak_memory() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Memory that programs can still have, in bytes; `None` where the system does not tell.
pub(crate) fn free_memory_bytes() -> Option<u64> {
    kibibytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// Room on the disk of `path` for whoever asks, in bytes.
///
/// # Errors
/// Where the path is not there or its file system does not tell.
pub(crate) fn free_disk_bytes(path: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// "VmHWM:   1234 kB" → bytes.
fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_the_system_are_bytes() {
        assert_eq!(kibibytes("VmPeak:\t 9 kB\nVmHWM:\t    12 kB\n", "VmHWM:"), Some(12 * 1024));
        assert_eq!(kibibytes("VmHWM: much", "VmHWM:"), None);
        assert!(free_disk_bytes(Path::new("/")).is_ok_and(|bytes| bytes > 0));
    }
}
