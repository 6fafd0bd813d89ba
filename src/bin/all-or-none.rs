//! The command line.

fn main() -> std::process::ExitCode {
    all_or_none::cli::main()
}
