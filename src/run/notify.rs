//! What the service manager is told (sd_notify): ready, what is going on, still alive, stopping. Nothing where nobody listens.
//!
//! The protocol is one datagram of lines to the socket that NOTIFY_SOCKET names
//! (<https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The lock is held: the work begins.
pub(super) fn ready(doing: &str) {
    tell(&format!("READY=1\nSTATUS={doing}"));
}

/// A stage has begun or moved on: names and counts only.
pub(super) fn status(words: &str) {
    tell(&format!("STATUS={words}\nWATCHDOG=1"));
}

/// Work goes on.
pub(super) fn alive() {
    tell("WATCHDOG=1");
}

/// The work is done, or was stopped.
pub(super) fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    if let Some(name) = std::env::var_os("NOTIFY_SOCKET") {
        // Whoever does not listen misses nothing that a run rests on.
        let _ = send(&name, state.as_bytes());
    }
}

fn send(name: &OsStr, state: &[u8]) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not hold the night up.
    socket.set_nonblocking(true)?;
    socket.send_to_addr(state, &address(name)?).map(drop)
}

#[cfg(target_os = "linux")]
fn address(name: &OsStr) -> std::io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    match name.as_bytes().strip_prefix(b"@") {
        Some(hidden) => SocketAddr::from_abstract_name(hidden),
        None => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(target_os = "linux"))]
fn address(name: &OsStr) -> std::io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_one_datagram_by_path_and_by_abstract_name() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("notify");
        let listener = UnixDatagram::bind(&path).expect("a socket for the test");
        send(path.as_os_str(), b"READY=1").expect("somebody listens");
        let mut bytes = [0; 64];
        let length = listener.recv(&mut bytes).expect("it was sent");
        assert_eq!(&bytes[..length], b"READY=1");
        let hidden = format!("onefolk-test-{}", std::process::id());
        let name = format!("@{hidden}");
        let listener = UnixDatagram::bind_addr(&address(OsStr::new(&name)).expect("a name")).expect("a socket");
        send(OsStr::new(&name), b"STOPPING=1").expect("somebody listens");
        let length = listener.recv(&mut bytes).expect("it was sent");
        assert_eq!(&bytes[..length], b"STOPPING=1");
        assert!(send(folder.path().join("nobody").as_os_str(), b"READY=1").is_err());
    }
}
