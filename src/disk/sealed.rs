//! Encrypted files: age's format, so that the `age` tool opens them with the same key.
//!
//! A file has a key of its own, which its first lines hold encrypted to the output's (X25519); its bytes follow in pieces of 64 KiB, each
//! with a tag that says which piece it is and whether it is the last one (ChaCha20-Poly1305). Whatever was changed, moved or cut off is
//! noticed when it is read.

use super::vault::Vault;
use age::stream::{StreamReader, StreamWriter};
use age::x25519::Identity;
use age::{DecryptError, Decryptor, Encryptor};
use std::io::{self, BufReader, Read, Write};

/// What every age file begins with.
pub(super) const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Encrypts what is written, until `finish`.
pub(super) fn writer<W: Write>(vault: &Vault, inner: W) -> io::Result<StreamWriter<W>> {
    let recipient = &vault.recipient as &dyn age::Recipient;
    Encryptor::with_recipients(std::iter::once(recipient)).map_err(io::Error::other)?.wrap_output(inner)
}

/// Decrypts what `inner` gives; `None` where it is encrypted with another key.
///
/// # Errors
/// `InvalidData` where it is damaged.
pub(super) fn opened<R: Read>(identity: &Identity, inner: R) -> io::Result<Option<StreamReader<BufReader<R>>>> {
    let opened = Decryptor::new_buffered(BufReader::new(inner))
        .and_then(|decryptor| decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)));
    match opened {
        Ok(reader) => Ok(Some(reader)),
        Err(DecryptError::NoMatchingKeys) => Ok(None),
        Err(DecryptError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        // What the library says may quote what it stumbled over.
        Err(_) => Err(damaged()),
    }
}

/// The same where it has to be this key.
///
/// # Errors
/// `InvalidData` where it is another one, too.
pub(super) fn reader<R: Read>(identity: &Identity, inner: R) -> io::Result<StreamReader<BufReader<R>>> {
    let other = || io::Error::new(io::ErrorKind::InvalidData, "it is encrypted with another key");
    opened(identity, inner)?.ok_or_else(other)
}

/// What was encrypted is not what stands there.
pub(super) fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is encrypted, and damaged or cut short")
}
