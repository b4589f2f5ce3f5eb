//! Signing keys: who says so, in a way that can be checked.
//!
//! In: key files of one line, `onefolk-private-key HEX` (for its owner only) and `onefolk-public-key HEX` (for everybody), Ed25519 as in
//! RFC 8032. Keys that encrypt outputs are made here as well: age identities. Out: signatures, and whether one is right. Always: a private key that others could read is not used; no private key is in a
//! job file, a message or an output; every signature is over a text that begins with what it is for, so that none can stand for another.

mod file;

use crate::failure::{Code, Exit};
use crate::identity::key::{hex, parse};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

pub(crate) use file::write_pair;
pub use file::{check, new, new_encryption, public_beside, public_line, read_private, read_public};

/// The codes this room raises (OF070x).
pub static CODES: &[&Code] = &[&SIGNING_KEY_UNUSABLE, &SIGNING_KEY_OPEN, &KEYS_DIFFER];

static SIGNING_KEY_UNUSABLE: Code = Code {
    id: "OF0700",
    exit: Exit::JobWrong,
    title: "a signing key cannot be used",
    next_step: "Name a key file as `onefolk keys new` writes it: FILE for signing, FILE.pub for checking",
    explanation: "A private key is one line, onefolk-private-key and 64 hexadecimal characters; a public key is one line, \
                  onefolk-public-key and 64 hexadecimal characters. The file that the message names is absent, cannot be read or \
                  written, or holds something else.",
};

static SIGNING_KEY_OPEN: Code = Code {
    id: "OF0701",
    exit: Exit::JobWrong,
    title: "a private key can be read by others",
    next_step: "Close the file that the message names (chmod go= FILE), and make a new key if somebody else may have read it",
    explanation: "Whoever can read a private key can sign in its owner's name. onefolk uses one only where nobody but the owner of the \
                  file may read or write it (mode 0600).",
};

static KEYS_DIFFER: Code = Code {
    id: "OF0702",
    exit: Exit::JobWrong,
    title: "the two keys do not belong together",
    next_step: "Write the public key again with `onefolk keys show PRIVATE`, or find the private key that belongs to it",
    explanation: "Every private key has exactly one public key. What the private key signs, the public key of the message does not \
                  recognise.",
};

/// Signs.
pub struct PrivateKey(SigningKey);

/// Checks what its private key has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A signature: 128 lower-case hexadecimal characters.
pub type Signature = String;

impl PrivateKey {
    fn from_bytes(bytes: &[u8; 32]) -> PrivateKey {
        PrivateKey(SigningKey::from_bytes(bytes))
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `text`, which is for `purpose`: a signature for one purpose is worth nothing for another.
    pub fn sign(&self, purpose: &str, text: &str) -> Signature {
        hex(&self.0.sign(message(purpose, text).as_bytes()).to_bytes())
    }
}

impl PublicKey {
    /// Has its private key signed `text` for `purpose`? Only the one way of writing a signature is accepted.
    pub fn verifies(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let canonical = !signature.bytes().any(|byte| byte.is_ascii_uppercase());
        let signature =
            parse::<64>(signature).filter(|_| canonical).map(|bytes| ed25519_dalek::Signature::from_bytes(&bytes));
        signature.is_some_and(|signature| self.0.verify_strict(message(purpose, text).as_bytes(), &signature).is_ok())
    }

    /// Sixteen characters by which people tell keys apart: the beginning of the key's hash.
    pub fn fingerprint(&self) -> String {
        blake3::hash(self.0.as_bytes()).to_hex()[..16].to_string()
    }

    fn to_hex(self) -> String {
        hex(self.0.as_bytes())
    }

    /// From 64 hexadecimal characters that are a point of the curve.
    pub fn from_hex(text: &str) -> Option<PublicKey> {
        VerifyingKey::from_bytes(&parse::<32>(text)?).ok().map(PublicKey)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_hex())
    }
}

fn message(purpose: &str, text: &str) -> String {
    format!("onefolk {purpose}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1, test 1: the secret key and its public key.
    #[test]
    fn keys_are_those_of_the_rfc() {
        let secret =
            parse("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").expect("it is hexadecimal");
        let public = PrivateKey::from_bytes(&secret).public();
        assert_eq!(public.to_string(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(PublicKey::from_hex(&public.to_string()), Some(public));
    }

    #[test]
    fn a_signature_is_for_one_text_one_purpose_and_one_key() {
        let (ours, other) = (PrivateKey::from_bytes(&[7; 32]), PrivateKey::from_bytes(&[8; 32]));
        let signature = ours.sign("approval", "a text");
        assert!(ours.public().verifies("approval", "a text", &signature));
        assert!(!ours.public().verifies("approval", "another", &signature));
        assert!(!ours.public().verifies("audit", "a text", &signature));
        assert!(!other.public().verifies("approval", "a text", &signature));
        assert!(!ours.public().verifies("approval", "a text", &signature.to_uppercase()));
        assert!(!ours.public().verifies("approval", "a text", &signature[..126]));
        assert_ne!(ours.public().fingerprint(), other.public().fingerprint());
    }
}
