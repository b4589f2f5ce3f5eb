//! Pseudonyms over nights, generations and secrets.

use super::key::Keys;
use super::*;
use std::path::{Path, PathBuf};

/// A job that releases people's pseudonyms for planning; nothing of it is run.
fn job(folder: &Path) -> Job {
    std::fs::write(folder.join("gp.csv"), "id,family\n1,Reed\n").expect("there is room");
    let text = "[job]\nas_of = 2026-11-22\n[[provider]]\nid = \"gp\"\nsetting = \"other\"\nfiles = [\"gp.csv\"]\n\
                [provider.columns]\nrecord_id = \"id\"\nfamily_name = \"family\"\n\
                [[approver]]\nname = \"Ann\"\nrole = \"governance_lead\"\n\
                [[release]]\nid = \"planning\"\nrecipient = \"The council\"\nrecipient_kind = \"local_authority\"\n\
                purpose = \"planning\"\ncontent = \"people\"\nidentifiers = \"pseudonym\"\ncolumns = [\"sex\"]\n\
                approvals = [\"governance_lead\"]\nvalid_until = 2026-12-31\n\
                legal_basis = { article_6 = \"6(1)(e)\", article_9 = \"9(2)(h)\", confidentiality = \"section_251\", agreement = \"A1\" }\n";
    std::fs::write(folder.join("job.toml"), text).expect("there is room");
    Job::read(&folder.join("job.toml")).unwrap_or_else(|failure| panic!("{}", failure.report()))
}

/// The job with other terms for the pseudonyms of its release.
fn with(job: &Job, pseudonym_generation: u32, overlap: bool) -> Job {
    let mut job = job.clone();
    (job.releases[0].pseudonym_generation, job.releases[0].overlap) = (pseudonym_generation, overlap);
    job
}

fn keys(job: &Job) -> Result<Keys> {
    Keys::of(job, &job.releases[0])
}

/// Today's pseudonym of somebody, and the one before it, where the release has an overlap.
fn pseudonyms(job: &Job) -> Result<[String; 2]> {
    let person = PersonId::example(1);
    keys(job).map(|keys| [keys.pseudonym(&person), keys.pseudonym_before(&person)])
}

/// Hands the release out in a run, as far as the audit is told; gives somebody's pseudonym in it.
fn hand_out(job: &Job, run_id: &str) -> Result<String> {
    let keys = keys(job)?;
    let fate = Fate::Released {
        lines: 1,
        files: Vec::new(),
        members: Some("m".into()),
        pseudonyms: Some(keys.mark()),
        issue: None,
    };
    let text = String::from;
    let outcome =
        Outcome { id: text("planning"), recipient: text("R"), purpose: "planning", definition: text(""), fate };
    audit::add(job, &outcome.note(run_id).into_iter().collect::<Vec<_>>())?;
    Ok(keys.pseudonym(&PersonId::example(1)))
}

fn code<T>(result: Result<T>) -> Option<&'static str> {
    result.err().map(|failure| failure.code.id)
}

fn previous(job: &Job) -> PathBuf {
    job.policy.release_key_before(&job.output)
}

#[test]
fn a_new_secret_comes_with_a_table_from_the_old_pseudonyms() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let old = hand_out(&job, "2026-11-22-01")?;
    let rotated = rotate_key(&job)?;
    assert!(rotated.key.ends_with("state/release.key") && rotated.before.ends_with("state/release.key.previous"));
    let overlapping = with(&job, 1, true);
    let [new, before] = pseudonyms(&overlapping)?;
    assert_eq!(before, old);
    assert_ne!(new, old);
    // The next nights give the same table, though the recipient has the new ones by then.
    assert_eq!(hand_out(&overlapping, "2026-11-23-01")?, new);
    assert_eq!(pseudonyms(&overlapping)?, [new, old]);
    assert_eq!(audit::about(&job, None, Some(Event::KeyRotated))?.entries.len(), 1);
    Ok(())
}

#[test]
fn a_table_leads_from_what_the_recipient_has_whatever_was_raised_or_rotated_since() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let first = hand_out(&job, "2026-11-22-01")?;
    // A new secret and a new generation on one day.
    rotate_key(&job)?;
    let second = with(&job, 2, true);
    assert_eq!(pseudonyms(&second)?[1], first);
    let handed_out = hand_out(&second, "2026-11-23-01")?;
    // A new generation later, while the secret before the last is still kept.
    let third = with(&job, 3, true);
    assert_eq!(pseudonyms(&third)?[1], handed_out);
    // A run that was withdrawn has given nobody anything.
    hand_out(&third, "2026-11-24-01")?;
    audit::add(&job, &[Note::new(Event::RunWithdrawn).of_run("2026-11-24-01")])?;
    assert_eq!(pseudonyms(&with(&job, 4, true))?[1], handed_out);
    Ok(())
}

#[test]
fn without_the_secret_before_no_table_is_made_and_no_other_one_instead() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    hand_out(&job, "2026-11-22-01")?;
    rotate_key(&job)?;
    let kept = std::fs::read(previous(&job)).expect("it stands");
    std::fs::remove_file(previous(&job)).expect("it stands");
    let overlapping = with(&job, 1, true);
    let failure = keys(&overlapping).err().expect("there is nothing to lead from");
    assert_eq!(failure.code.id, "OF0732");
    assert!(failure.what.contains("planning") && failure.what.contains("release.key.previous"), "{failure}");
    // A generation more is not what the recipient has either.
    assert_eq!(code(keys(&with(&job, 2, true))), Some("OF0732"));
    // Another secret is not the one before, and what is no secret is told as such.
    std::fs::write(previous(&job), "00".repeat(32)).expect("there is room");
    assert_eq!(code(keys(&overlapping)), Some("OF0732"));
    std::fs::write(previous(&job), "no key").expect("there is room");
    assert_eq!(code(keys(&overlapping)), Some("OF0730"));
    // Whoever asks for no table needs no secret from before.
    assert_eq!(code(keys(&job)), None);
    std::fs::write(previous(&job), kept).expect("there is room");
    assert_eq!(code(keys(&overlapping)), None);
    Ok(())
}

#[test]
fn what_an_earlier_version_has_handed_out_can_be_led_from_where_it_is_known() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let old = keys(&job)?.pseudonym(&PersonId::example(1));
    let note = Note::new(Event::Release).of_run("2026-11-22-01").with("release", "planning").with("members", "m");
    audit::add(&job, &[note])?;
    assert_eq!(pseudonyms(&with(&job, 2, true))?[1], old);
    rotate_key(&job)?;
    assert_eq!(pseudonyms(&with(&job, 1, true))?[1], old);
    // Whether the recipient has the first generation or the second nobody has noted.
    assert_eq!(code(keys(&with(&job, 2, true))), Some("OF0732"));
    Ok(())
}

#[test]
fn a_secret_that_is_kept_is_not_overwritten_and_a_killed_rotation_goes_on() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    assert_eq!(code(rotate_key(&job)), Some("OF0730"));
    assert!(!job.output.exists(), "what has no secret gets no folders");
    let old = hand_out(&job, "2026-11-22-01")?;
    let secret = std::fs::read_to_string(job.policy.release_key(&job.output)).expect("it stands");
    // Killed between the two: the old one is kept, and still holds.
    std::fs::write(previous(&job), &secret).expect("there is room");
    assert_eq!(code(keys(&with(&job, 1, true))), Some("OF0732"));
    rotate_key(&job)?;
    assert_eq!(std::fs::read_to_string(previous(&job)).expect("it stands"), secret);
    assert_eq!(pseudonyms(&with(&job, 1, true))?[1], old);
    let standing = std::fs::read(job.policy.release_key(&job.output)).expect("it stands");
    assert_eq!(code(rotate_key(&job)), Some("OF0733"));
    assert_eq!(std::fs::read(job.policy.release_key(&job.output)).expect("it stands"), standing);
    std::fs::remove_file(previous(&job)).expect("it stands");
    rotate_key(&job)?;
    assert_ne!(std::fs::read(job.policy.release_key(&job.output)).expect("it stands"), standing);
    Ok(())
}

/// Keys of earlier versions still work, and what is written now they can read.
#[test]
fn a_secret_is_a_line_of_64_hexadecimal_characters_and_its_owners_alone() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder for the test");
    let job = job(folder.path());
    let path = job.policy.release_key(&job.output);
    std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("there is room");
    std::fs::write(&path, "ab".repeat(32)).expect("there is room");
    hand_out(&job, "2026-11-22-01")?;
    rotate_key(&job)?;
    for path in [path, previous(&job)] {
        let text = std::fs::read_to_string(&path).expect("it stands");
        let digits = text.strip_suffix('\n').expect("it is a line");
        assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", path.display());
        let mode = std::fs::metadata(&path).expect("it stands").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    Ok(())
}
