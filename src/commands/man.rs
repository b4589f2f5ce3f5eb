//! `onefolk man [COMMAND]`.

use clap::CommandFactory;
use onefolk::failure::{Failure, OUTPUT_FAILED, Result, USAGE};

/// Print the manual page, or the page of one command, in roff.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk man | man --local-file -\n  onefolk man check > onefolk-check.1")]
pub struct Arguments {
    /// The command; the whole program where absent.
    command: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut whole = super::CommandLine::command();
    whole.build();
    let page = match &arguments.command {
        None => clap_mangen::Man::new(whole),
        Some(name) => {
            let found = whole.find_subcommand(name).cloned();
            let found = found.ok_or_else(|| Failure::new(&USAGE, format!("there is no command `{name}`")))?;
            clap_mangen::Man::new(found).title(format!("onefolk-{name}"))
        }
    };
    let mut roff = Vec::new();
    page.render(&mut roff)
        .map_err(|error| Failure::from_io(&error, std::path::Path::new("the manual page"), &OUTPUT_FAILED))?;
    super::print(&String::from_utf8_lossy(&roff))
}
