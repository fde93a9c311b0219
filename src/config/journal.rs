use super::{
    define::section,
    reader::Table,
    units::{DAY, SECOND, print_duration},
};
use std::time::Duration;

section! {
    /// What happened to every message, for `onward trace`.
    table "journal", Keys => pub struct JournalBounds {}

    /// How long the record of a message is kept.
    pub keep: Duration = duration(SECOND, 3650 * DAY), default "30d";
    /// How long the record of what was refused, put off or broken off is kept; not longer than `keep`.
    pub keep_refused: Duration = duration(SECOND, 3650 * DAY), default "7d";
    /// Octets of the file; beyond, the oldest records are deleted: of what was refused while these are more than
    /// half of all, and else whatever they are of.
    pub max_size: usize = size(1 << 20, 1 << 50), default "512MiB";
}

pub(super) fn read(root: &Table<'_>) -> Option<JournalBounds> {
    let mut keys: Keys<'_> = root.table();
    let refused = &mut keys.keep_refused;
    if let (Some(all), Some(some)) = (keys.keep.value, refused.value)
        && some > all
    {
        // Only a written value is a mistake; the default gives way.
        if refused.is_written() {
            let what = format!("{} is longer than journal.keep", print_duration(some));
            refused.refuse(what, format!("a duration up to {:?}", print_duration(all)));
        } else {
            refused.value = Some(all);
        }
    }
    keys.checked()
}
