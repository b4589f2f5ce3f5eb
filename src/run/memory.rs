//! How much memory the process holds at most, as Linux counts it; nothing where that is not told.

/// The most resident memory since the process began or since [`forget_peak`], in bytes: `VmHWM` of `/proc/self/status`.
pub fn peak() -> Option<u64> {
    of_status(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Begins counting the most resident memory anew, from what is held now; `false` where the system does not do that.
pub fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

fn of_status(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_and_absent_where_it_is_not_told() {
        assert_eq!(of_status("Name:\tonefolk\nVmHWM:\t  123456 kB\nVmRSS:\t 1 kB\n"), Some(123_456 * 1024));
        assert_eq!(of_status("Name:\tonefolk\nVmRSS:\t 1 kB\n"), None);
        assert_eq!(of_status("VmHWM:\t many kB\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_remembers_what_was_given_back() {
        let before = peak().expect("Linux tells it");
        // Larger than anything that tests beside this one hold, and written to, so that it is resident.
        let large = vec![1u8; (before + (64 << 20)) as usize];
        std::hint::black_box(&large);
        drop(large);
        assert!(peak().expect("Linux tells it") > before + (60 << 20));
    }
}
