//! How domains and aliases are changed: one change at a time in all nodes.

use super::{
    ask::Result,
    rows::{alias_text, domains},
};
use deadpool_postgres::Transaction;

/// Changes domains or aliases; look-ups know of it when this answers, those of other nodes soon.
macro_rules! changing {
    ($store:expr, $tx:ident, $version:ident => $work:expr) => {{
        let turn = $store.access.directory_turn().await?;
        let changed: std::result::Result<_, $crate::store::ChangeError> = async {
            $crate::store::postgres::access::trying!($store.access, $tx => {
                let $version = $crate::store::postgres::rows::domains::lock($tx).await?;
                let changed: std::result::Result<_, $crate::store::postgres::error::Failure> =
                    async { $work }.await;
                let changed = changed?;
                $crate::store::postgres::changing::count_change($tx).await?;
                Ok(changed)
            })
        }
        .await;
        drop(turn);
        let changed = changed?;
        $store.look_again().await;
        Ok(changed)
    }};
}

pub(super) use changing;

/// What every change of domains and aliases ends with.
pub(super) async fn count_change(tx: &Transaction<'_>) -> Result<()> {
    alias_text::follow_changes(tx).await?;
    domains::count_change(tx).await
}
