//! Who may read and write what lies below the output.

use super::Finding;
use crate::publish;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Bits that let others than the owner in.
const OTHERS: u32 = 0o077;

/// All below the output is the owner's alone, and whoever asks may write there.
pub(super) fn permissions(output: &Path) -> Finding {
    const NAME: &str = "permissions";
    if !output.exists() {
        let above = output.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
        return match writable(above) {
            true => Finding::ok(NAME, format!("{} will be made by the first run", output.display())),
            false => Finding::fail(NAME, format!("{} may not be written", above.display()), advice(above)),
        };
    }
    let mut seen = Seen::default();
    look(output, &mut seen);
    if let Some(path) = [output.to_path_buf(), output.join("runs"), output.join("state")]
        .iter()
        .find(|path| path.exists() && !writable(path))
    {
        return Finding::fail(NAME, format!("{} may not be written by this account", path.display()), advice(path));
    }
    match seen.open {
        _ if !seen.unreadable.is_empty() => {
            Finding::fail(NAME, format!("{} cannot be read", seen.unreadable), advice(output))
        }
        0 if publish::anothers(output).is_some() => Finding::warn(
            NAME,
            format!("{} is another account's: whatever this one would write below it ends at once", output.display()),
            "Run onefolk as that account: as root, `runuser -u ACCOUNT -- onefolk run JOB`",
        ),
        0 => Finding::ok(NAME, format!("{} files and folders are their owner's alone", seen.all)),
        open => Finding::fail(
            NAME,
            format!("{open} of {} files and folders are open to others, {} among them", seen.all, seen.first_open),
            format!("Close them: chmod -R go= {0}/runs {0}/state", output.display()),
        ),
    }
}

fn advice(path: &Path) -> String {
    format!("Give the account that runs onefolk {} and all below it: chown -R", path.display())
}

/// May this account write there? A disk that may only be read counts as not.
fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// May this account read it? What root has written by hand, say, it may not; what is gone by now nobody has to.
fn readable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::READ_OK) != Err(rustix::io::Errno::ACCESS)
}

#[derive(Default)]
struct Seen {
    all: u64,
    open: u64,
    first_open: String,
    unreadable: String,
}

/// `runs` and `state`, with all below; the output itself is the user's own and may hold other things.
fn look(output: &Path, seen: &mut Seen) {
    for name in ["runs", "state"] {
        let folder = output.join(name);
        if folder.exists() {
            visit(&folder, seen);
        }
    }
}

fn visit(path: &Path, seen: &mut Seen) {
    let unreadable = |seen: &mut Seen| seen.unreadable = path.display().to_string();
    let Ok(about) = path.symlink_metadata() else { return unreadable(seen) };
    seen.all += 1;
    // A hard link to an input that is kept is as open as that input is; a symbolic link has no permissions of its own.
    if about.permissions().mode() & OTHERS != 0 && !about.is_symlink() && (about.is_dir() || about.nlink() == 1) {
        seen.open += 1;
        if seen.first_open.is_empty() {
            seen.first_open = path.display().to_string();
        }
    }
    if about.is_file() && !readable(path) {
        return unreadable(seen);
    }
    if about.is_dir() {
        let Ok(entries) = std::fs::read_dir(path) else { return unreadable(seen) };
        entries.flatten().for_each(|entry| visit(&entry.path(), seen));
    }
}
