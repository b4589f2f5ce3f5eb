//! `onefolk completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;
use onefolk::failure::Result;

/// Print the completions for a shell.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk completions bash > /etc/bash_completion.d/onefolk")]
pub struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::CommandLine::command(), "onefolk", &mut script);
    super::print(&String::from_utf8_lossy(&script))
}
