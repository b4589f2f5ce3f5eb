//! `onefolk keys new|show|check|rotate|seal|unseal`.

use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::keys::{self, PublicKey};
use onefolk::release::{self, Rotated};
use onefolk::run::{self, Converted};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Make and check the keys that sign the audit and countersign approvals, the one that encrypts an output, and the secret of pseudonyms.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk keys new lead.key\n\nA private key never stands in a job file: a job names the public key only. Keep the private one where its owner alone\ncan read it, with a copy in a safe place."
)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a new key: FILE for signing (0600), FILE.pub for checking.
    #[command(after_help = "Examples:\n  onefolk keys new lead.key\n  onefolk keys new --encryption output.key")]
    New {
        /// The new private key; a file that exists is never overwritten.
        file: PathBuf,
        /// Make a key that encrypts an output instead ([job] encryption_key_file); it has no public half.
        #[arg(long)]
        encryption: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the public key and the fingerprint of a key, private or public; never the private key.
    #[command(after_help = "Example:\n  onefolk keys show lead.key.pub")]
    Show {
        /// A key file.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// See whether a private and a public key belong together, and whether the private one is its owner's alone.
    #[command(after_help = "Example:\n  onefolk keys check lead.key lead.key.pub")]
    Check {
        /// The private key.
        private: PathBuf,
        /// The public key; the private one's name with .pub added if not given.
        public: Option<PathBuf>,
    },
    /// Give pseudonyms a new secret, for when somebody may have the old one, which is kept beside it: everybody gets another pseudonym.
    #[command(
        after_help = "Example:\n  onefolk keys rotate night/job.toml\n\nA recipient who is to follow people gets a table from the old pseudonyms to the new ones with overlap = true and encrypt_to in\ntheir release, to which everybody has to agree anew. Once all have theirs, take overlap out again and remove the old secret."
    )]
    Rotate(OfJob),
    /// Encrypt an output that stands open with the key that the job names: runs, state, all of it. Begun again where it was stopped.
    #[command(after_help = "Example:\n  onefolk keys seal night/job.toml")]
    Seal(OfJob),
    /// Decrypt an output for good; take the key out of the job file afterwards.
    #[command(after_help = "Example:\n  onefolk keys unseal night/job.toml")]
    Unseal(OfJob),
}

#[derive(clap::Args)]
struct OfJob {
    /// The job file.
    job: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    match &arguments.what {
        What::Seal(of) => converted(run::seal(&Job::read_to_encrypt(&of.job)?)?, "encrypted", of.json, quiet),
        What::Unseal(of) => converted(run::unseal(&Job::read(&of.job)?)?, "decrypted", of.json, quiet),
        What::Rotate(of) => rotated(&release::rotate_key(&Job::read(&of.job)?)?, of.json, quiet),
        What::New { file, encryption: true, json } => {
            keys::new_encryption(file)?;
            match json {
                true => super::print_json(&json!({ "file": file.display().to_string() })),
                false => super::print(&format!(
                    "Made {}. Keep a copy of it in a safe place: without it nothing that it encrypts can be read.\n",
                    file.display()
                )),
            }
        }
        What::New { file, json, .. } => {
            shown(keys::new(file)?, *json, &format!("Made {} and its .pub.\n", file.display()))
        }
        What::Show { file, json } => shown(public_of(file)?, *json, ""),
        What::Check { private, public } => {
            let public = public.clone().unwrap_or_else(|| keys::public_beside(private));
            let key = keys::check(private, &public)?;
            if quiet { Ok(()) } else { super::print(&format!("They belong together: {}\n", key.fingerprint())) }
        }
    }
}

fn converted(done: Converted, what: &str, json: bool, quiet: bool) -> Result<()> {
    super::done(match (json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(done).expect("a count is plain data")),
        (false, true) => Ok(()),
        (false, false) => super::print(&format!("{} {what}\n", super::decrypt::files(done.files))),
    });
    Ok(())
}

fn rotated(done: &Rotated, json: bool, quiet: bool) -> Result<()> {
    super::done(match (json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(done).expect("paths are plain data")),
        (false, true) => Ok(()),
        (false, false) => super::print(&format!(
            "Made a new secret, {}; the one before is {}.\nFrom the next run on everybody has another pseudonym in every release. overlap = true gives a \
             recipient the table between them.\nRemove the one before once every recipient who is to follow people has theirs.\n",
            done.key, done.before
        )),
    });
    Ok(())
}

/// The public key in a file that holds either kind.
fn public_of(file: &Path) -> Result<PublicKey> {
    keys::read_public(file).or_else(|_| keys::read_private(file).map(|key| key.public()))
}

fn shown(key: PublicKey, json: bool, before: &str) -> Result<()> {
    if json {
        return super::print_json(&json!({ "public_key": key.to_string(), "fingerprint": key.fingerprint() }));
    }
    super::print(&format!("{before}{}Fingerprint: {}\n", keys::public_line(key), key.fingerprint()))
}
