//! The `onward` command.

/// Memory that comes back: what the messages of one minute filled is the system's again in the next, on every thread.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    onward::cli::main()
}
