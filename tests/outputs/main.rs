//! What readers of all that a run makes of its people rely on: care teams, commissioners, somebody at a telephone.

#[path = "../common/mod.rs"]
mod common;
#[path = "../page/opened.rs"]
mod opened;
#[path = "../page/synthetic.rs"]
mod synthetic;

mod care;
mod cohorts;
mod end_of_life;
mod evaluation;
mod export;
mod page;
mod person;
mod report;
mod report_again;
mod segments;
