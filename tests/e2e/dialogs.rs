//! The replies of every situation, as text files: `tests/dialogs/README.md` has their format.

#[test]
fn all_go_as_written() {
    crate::support::dialog::run_directory("tests/dialogs");
}
