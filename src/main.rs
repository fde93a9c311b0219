//! The `onward` command.

fn main() -> std::process::ExitCode {
    onward::cli::main()
}
