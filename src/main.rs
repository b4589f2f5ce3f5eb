//! The command line: parse, dispatch, exit code.

mod commands;
mod dumps;
mod memory;

use clap::Parser;
use onefolk::failure::{self, Failure};
use std::io::Write;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;

fn main() -> ExitCode {
    dumps::forbid();
    memory::give_back_soon();
    let outcome = failure::caught(|| match commands::CommandLine::try_parse() {
        Ok(command_line) => command_line.run(),
        Err(error) => usage(&error),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where stderr is closed nobody reads why; the exit code still says it.
            let _ = std::io::stderr().write_all(failure.report().as_bytes());
            ExitCode::from(failure.code.exit.number())
        }
    }
}

/// Help and version are answers; everything else that clap objects to is a failure with a code.
fn usage(error: &clap::Error) -> failure::Result<()> {
    if !error.use_stderr() {
        return error.print().or_else(commands::closed_pipe_is_fine);
    }
    let text = error.render().to_string();
    // Without any command clap prints the help; otherwise its first paragraph says what is wrong.
    let (what, rest) = match text.strip_prefix("error: ") {
        Some(text) => text.split_once("\n\n").unwrap_or((text, "")),
        None => ("there is no command", text.as_str()),
    };
    let what: Vec<&str> = what.split_whitespace().collect();
    let mut failure = Failure::new(&failure::USAGE, what.join(" "));
    failure.rendered = rest.trim().to_string();
    Err(failure)
}
