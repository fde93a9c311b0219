use super::Alias;

/// Aliases that are gone through as often as somebody wants them, and need not all be in memory at once.
pub trait AliasSource: Send + Sync {
    /// Each with a number of its own, the same ones in the same order every time, from the lowest.
    fn aliases(&self) -> Box<dyn Iterator<Item = (usize, Alias)> + Send + '_>;

    /// How many there are.
    fn count(&self) -> usize;
}

impl AliasSource for Vec<Alias> {
    fn aliases(&self) -> Box<dyn Iterator<Item = (usize, Alias)> + Send + '_> {
        Box::new(self.iter().cloned().enumerate())
    }

    fn count(&self) -> usize {
        self.len()
    }
}
