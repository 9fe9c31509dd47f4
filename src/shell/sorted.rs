//! A list sorted by name: functions, aliases, commands found in PATH.

/// Values by name.
pub struct Sorted<T> {
    list: Vec<(Box<[u8]>, T)>,
}

impl<T> Sorted<T> {
    /// An empty list.
    pub const fn new() -> Sorted<T> {
        Sorted { list: Vec::new() }
    }

    fn place(&self, name: &[u8]) -> Result<usize, usize> {
        self.list.binary_search_by(|(n, _)| (**n).cmp(name))
    }

    /// The value of a name.
    pub fn get(&self, name: &[u8]) -> Option<&T> {
        if self.list.is_empty() {
            return None;
        }
        self.list.get(self.place(name).ok()?).map(|(_, value)| value)
    }

    /// Sets the value of a name.
    pub fn insert(&mut self, name: &[u8], value: T) {
        match self.place(name) {
            Ok(at) => {
                if let Some(entry) = self.list.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => self.list.insert(at, (name.into(), value)),
        }
    }

    /// Removes a name; false when there is none.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match self.place(name) {
            Ok(at) => {
                self.list.remove(at);
                true
            }
            Err(_) => false,
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &T)> {
        self.list.iter().map(|(name, value)| (&**name, value))
    }
}
