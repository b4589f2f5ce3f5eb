//! The key that signs the audit.

use super::{AUDIT_KEY_MISSING, AUDIT_UNUSABLE, Places};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::keys::{self, PrivateKey, PublicKey};
use std::path::Path;

/// The key to sign with; made where the audit begins and the job names none.
pub(super) fn to_sign(places: &Places, begins: bool) -> Result<PrivateKey> {
    let key = match standing(places, begins)? {
        Some(key) => key,
        None => {
            // A public key without its private one is what a kill between the two leaves, or no longer of use.
            let _ = disk::remove_file(&keys::public_beside(&places.key));
            keys::new(&places.key)?;
            read(places)?
        }
    };
    publish(&places.public, key.public())?;
    Ok(key)
}

/// The key as it stands; `None` where it is still to be made. Nothing is made or changed.
pub(super) fn standing(places: &Places, begins: bool) -> Result<Option<PrivateKey>> {
    if places.key_is_named || places.key.symlink_metadata().is_ok() {
        return read(places).map(Some);
    }
    match begins {
        true => Ok(None),
        false => Err(Failure::new(&AUDIT_KEY_MISSING, places.key.display().to_string())),
    }
}

fn read(places: &Places) -> Result<PrivateKey> {
    keys::read_private(&places.key).map_err(|failure| match places.key_is_named {
        true => failure,
        false => Failure::new(&AUDIT_KEY_MISSING, failure.what),
    })
}

/// Keeps the public key where whoever checks finds it.
fn publish(path: &Path, public: PublicKey) -> Result<()> {
    if keys::read_public(path).is_ok_and(|known| known == public) {
        return Ok(());
    }
    disk::replace(path, keys::public_line(public).as_bytes())
        .map_err(|error| Failure::from_io(&error, path, &AUDIT_UNUSABLE))
}

/// The key to check with: the one given, or that of the private key, or the public one in state.
pub(super) fn to_check(places: &Places) -> Result<PublicKey> {
    match keys::read_private(&places.key) {
        Ok(key) => Ok(key.public()),
        Err(_) => keys::read_public(&places.public),
    }
}
