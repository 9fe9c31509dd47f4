//! Texts and lists of the syntax tree in few bytes: most words of a script are
//! one short text, most commands a word or two, and a tree is to take less than
//! 64 bytes for each of its script, whatever that is. What looks at them is a
//! few instructions and runs for every word, so it is always inlined.

use std::ops::Deref;

/// What unquoted text there is, and quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Unquoted, without meaning to pathname expansion.
    Literal,
    /// Unquoted, with `*`, `?` or `[`.
    Glob,
    /// Quoted, or in a context that is quoted.
    Quoted,
}

/// A text that is not changed. A short one needs no memory but its own place.
#[derive(Clone, Debug)]
pub struct Text(Held);

/// What is left of 16 bytes.
const SHORT: usize = 13;

#[derive(Clone, Debug)]
enum Held {
    Short(Class, u8, [u8; SHORT]),
    // A pointer to the text and its length would be too long.
    Long(Class, Box<Box<[u8]>>),
}

impl Text {
    /// A text of a class.
    pub fn new(class: Class, text: &[u8]) -> Text {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text);
                Text(Held::Short(class, length, bytes))
            }
            _ => Text(Held::Long(class, Box::new(text.into()))),
        }
    }

    /// Its class.
    #[inline(always)]
    pub fn class(&self) -> Class {
        match &self.0 {
            Held::Short(class, ..) | Held::Long(class, _) => *class,
        }
    }
}

impl Deref for Text {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Held::Short(_, length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Held::Long(_, text) => text,
        }
    }
}

/// A list that mostly has one entry, which is kept in place of the list.
#[derive(Debug, Default)]
pub enum Few<T> {
    /// None at all.
    #[default]
    Empty,
    /// One.
    One(T),
    /// Several.
    Many(Box<Box<[T]>>),
}

impl<T> Deref for Few<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        match self {
            Few::Empty => &[],
            Few::One(entry) => std::slice::from_ref(entry),
            Few::Many(list) => list,
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut list: Vec<T>) -> Few<T> {
        if list.len() > 1 {
            return Few::Many(Box::new(list.into_boxed_slice()));
        }
        list.pop().map_or(Few::Empty, Few::One)
    }
}

impl<T> Few<T> {
    /// The entries.
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Few::Empty => Vec::new(),
            Few::One(entry) => vec![entry],
            Few::Many(list) => (*list).into_vec(),
        }
    }
}

/// A list that mostly is empty.
#[derive(Debug, Default)]
pub struct Rare<T>(Option<Box<Box<[T]>>>);

impl<T> Deref for Rare<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Some(list) => list,
            None => &[],
        }
    }
}

impl<T> From<Vec<T>> for Rare<T> {
    fn from(list: Vec<T>) -> Rare<T> {
        Rare((!list.is_empty()).then(|| Box::new(list.into_boxed_slice())))
    }
}

/// Appends to a list that takes no more than a quarter above what it needs.
pub fn push<T>(list: &mut Vec<T>, entry: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 1);
    }
    list.push(entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long() {
        for length in [0, 1, 13, 14, 300] {
            let text = vec![b'x'; length];
            let held = Text::new(Class::Glob, &text);
            assert_eq!((&*held, held.class()), (text.as_slice(), Class::Glob));
        }
        assert_eq!(size_of::<Text>(), 16);
    }

    #[test]
    fn lists() {
        for length in 0..4 {
            let list: Vec<Text> =
                (0..length).map(|n| Text::new(Class::Quoted, &[n as u8])).collect();
            let few = Few::from(list.clone());
            assert_eq!(few.len(), length);
            assert_eq!(few.into_vec().len(), length);
            assert_eq!(Rare::from(list).len(), length);
        }
        assert_eq!((size_of::<Few<Text>>(), size_of::<Rare<Text>>()), (16, 8));
    }
}
