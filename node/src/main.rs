//! The program `causerie-node`: see `causerie_node::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    causerie_node::cli::main()
}
