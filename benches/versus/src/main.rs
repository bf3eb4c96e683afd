//! Load generator and webhook sink of `make versus`; `benches/versus/run.py` starts it.
//!
//! `amp-versus load|query|sink PLAN`, where `PLAN` is a JSON object; the report is printed as JSON.

mod client;
mod latency;
mod load;
mod notification;
mod pagerduty;
mod population;
mod query;
mod sink;
mod slack;

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

/// Any failure ends the command with its text.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "amp-versus: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    match arguments {
        [command, plan] if command == "load" => print(&load::run(&serde_json::from_str(plan)?)?),
        [command, plan] if command == "query" => print(&query::run(&serde_json::from_str(plan)?)?),
        [command, plan] if command == "sink" => sink::run(&serde_json::from_str(plan)?),
        _ => Err("usage: amp-versus load|query|sink PLAN".into()),
    }
}

fn print(report: &impl Serialize) -> Result<()> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string(report)?)?;
    Ok(())
}
