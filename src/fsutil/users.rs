//! Names and numbers of users and groups by `/etc/passwd` and `/etc/group`.

use crate::passwd;

/// The two files, read when a name or number is first asked for.
#[derive(Default)]
pub struct Users {
    passwd: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    names: Vec<(u32, Vec<u8>)>,
    groups: Vec<(u32, Vec<u8>)>,
}

impl Users {
    /// Of the files of the current root.
    pub fn new() -> Users {
        Users::default()
    }

    /// The text of /etc/passwd; nothing when it cannot be read.
    pub fn passwd(&mut self) -> &[u8] {
        self.passwd.get_or_insert_with(|| crate::sys::file::read("/etc/passwd").unwrap_or_default())
    }

    /// The text of /etc/group; nothing when it cannot be read.
    pub fn group(&mut self) -> &[u8] {
        self.group.get_or_insert_with(|| crate::sys::file::read("/etc/group").unwrap_or_default())
    }

    /// The name of the user, or the number in decimal.
    pub fn name_of(&mut self, uid: u32) -> &[u8] {
        if !known(&self.names, uid) {
            let found = passwd::users(self.passwd()).find(|user| user.uid == uid);
            let name = found.map(|user| user.name.to_vec());
            self.names.push((uid, name.unwrap_or_else(|| uid.to_string().into_bytes())));
        }
        name_in(&self.names, uid)
    }

    /// The name of the group, or the number in decimal.
    pub fn group_of(&mut self, gid: u32) -> &[u8] {
        if !known(&self.groups, gid) {
            let found = passwd::groups(self.group()).find(|group| group.gid == gid);
            let name = found.map(|group| group.name.to_vec());
            self.groups.push((gid, name.unwrap_or_else(|| gid.to_string().into_bytes())));
        }
        name_in(&self.groups, gid)
    }

    /// The id of the user of this name, or that is written as a number (`+N`
    /// is never a name). The user's own group comes with a name.
    pub fn uid(&mut self, name: &[u8]) -> Option<(u32, Option<u32>)> {
        let found = passwd::users(self.passwd()).find(|user| user.name == name);
        match found {
            Some(user) => Some((user.uid, Some(user.gid))),
            None => {
                let uid = passwd::number(name.strip_prefix(b"+").unwrap_or(name))?;
                let own = passwd::users(self.passwd()).find(|user| user.uid == uid);
                Some((uid, own.map(|user| user.gid)))
            }
        }
    }

    /// The id of the group of this name, or that is written as a number.
    pub fn gid(&mut self, name: &[u8]) -> Option<u32> {
        match passwd::groups(self.group()).find(|group| group.name == name) {
            Some(group) => Some(group.gid),
            None => passwd::number(name.strip_prefix(b"+").unwrap_or(name)),
        }
    }

    /// All groups that list the user as a member.
    pub fn groups_of_member(&mut self, name: &[u8]) -> Vec<u32> {
        let mut list = Vec::new();
        for group in passwd::groups(self.group()) {
            if group.members().any(|member| member == name) {
                list.push(group.gid);
            }
        }
        list
    }
}

/// A system has few owners of files, so the names are looked for one by one.
#[inline(never)]
fn name_in(list: &[(u32, Vec<u8>)], id: u32) -> &[u8] {
    list.iter().find(|(other, _)| *other == id).map_or(&[], |(_, name)| name)
}

fn known(list: &[(u32, Vec<u8>)], id: u32) -> bool {
    !name_in(list, id).is_empty()
}
