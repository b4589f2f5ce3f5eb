//! What the disk holds and what of it would outlast a power cut, as far as POSIX promises anything: the bytes of a file up to its last sync,
//! and the names of a folder up to its own. Everything else may or may not have got there.

use super::Change;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

type Names = BTreeMap<OsString, usize>;

/// A folder and all below it.
#[derive(Clone)]
pub(crate) struct Shadow {
    folder: PathBuf,
    /// The first one is `folder`.
    nodes: Vec<Node>,
}

#[derive(Clone)]
enum Node {
    File { now: Vec<u8>, safe: Vec<u8> },
    Folder { now: Names, safe: Names, unsafe_yet: Vec<Step> },
    Link(PathBuf),
}

/// A change of a folder's names.
#[derive(Clone)]
enum Step {
    Add(OsString, usize),
    Remove(OsString),
    Rename(OsString, OsString),
}

impl Step {
    fn take(&self, names: &mut Names) {
        match self {
            Step::Add(name, node) => {
                names.insert(name.clone(), *node);
            }
            Step::Remove(name) => {
                names.remove(name);
            }
            Step::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

impl Shadow {
    /// What stands below `folder`, all of it safe.
    pub(super) fn of(folder: &Path) -> Shadow {
        let mut shadow = Shadow { folder: folder.to_path_buf(), nodes: vec![Node::folder(Names::new())] };
        shadow.nodes[0] = shadow.load_folder(folder);
        shadow
    }

    fn load_folder(&mut self, folder: &Path) -> Node {
        let mut names = Names::new();
        for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("its kind is known"));
            let node = if kind.is_symlink() {
                Node::Link(fs::read_link(&path).expect("a link leads somewhere"))
            } else if kind.is_dir() {
                self.load_folder(&path)
            } else {
                let bytes = fs::read(&path).expect("the file can be read");
                Node::File { now: bytes.clone(), safe: bytes }
            };
            names.insert(entry.file_name(), self.add(node));
        }
        Node::folder(names)
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// The node at `path` as things are now.
    fn find(&self, path: &Path) -> Option<usize> {
        let below = path.strip_prefix(&self.folder).expect("the path is below the folder");
        below.iter().try_fold(0, |at, name| match &self.nodes[at] {
            Node::Folder { now, .. } => now.get(name).copied(),
            _ => None,
        })
    }

    fn step(&mut self, folder: &Path, step: Step) {
        let at = self.find(folder).unwrap_or_else(|| panic!("{} is unknown to the seam", folder.display()));
        let Node::Folder { now, unsafe_yet, .. } = &mut self.nodes[at] else { panic!("it is a folder") };
        step.take(now);
        unsafe_yet.push(step);
    }

    fn put(&mut self, path: &Path, node: Node) {
        let node = self.add(node);
        self.step(parent(path), Step::Add(name(path), node));
    }

    fn file(&mut self, path: &Path) -> (&mut Vec<u8>, &mut Vec<u8>) {
        let at = self.find(path).unwrap_or_else(|| panic!("{} is unknown to the seam", path.display()));
        let Node::File { now, safe } = &mut self.nodes[at] else { panic!("it is a file") };
        (now, safe)
    }

    pub(super) fn write(&mut self, path: &Path, offset: Option<u64>, bytes: &[u8]) {
        let (now, _) = self.file(path);
        let begin = offset.map_or(now.len(), |offset| offset as usize);
        now.resize(now.len().max(begin + bytes.len()), 0);
        now[begin..begin + bytes.len()].copy_from_slice(bytes);
    }

    /// Follows a change that was made.
    pub(super) fn change(&mut self, change: Change) {
        match change {
            Change::CreateFolder(path) => {
                let missing: Vec<&Path> = path.ancestors().take_while(|path| self.find(path).is_none()).collect();
                missing.into_iter().rev().for_each(|path| self.put(path, Node::folder(Names::new())));
            }
            Change::CreateFile(path) => self.put(path, Node::File { now: Vec::new(), safe: Vec::new() }),
            Change::Copy(path) => {
                let now = fs::read(path).expect("the copy can be read");
                self.put(path, Node::File { now, safe: Vec::new() });
            }
            Change::Link(target, path) => self.put(path, Node::Link(target.to_path_buf())),
            Change::SetLength(path, bytes) => self.file(path).0.resize(bytes as usize, 0),
            Change::SyncFile(path) => {
                let (now, safe) = self.file(path);
                safe.clone_from(now);
            }
            Change::SyncFolder(path) => {
                let at = self.find(path).expect("a folder that is synced is there");
                let Node::Folder { now, safe, unsafe_yet } = &mut self.nodes[at] else { panic!("it is a folder") };
                safe.clone_from(now);
                unsafe_yet.clear();
            }
            Change::Rename(from, to) => {
                if parent(from) == parent(to) {
                    self.step(parent(from), Step::Rename(name(from), name(to)));
                } else {
                    // Two folders are synced one by one: only one of them may know of it.
                    let node = self.find(from).expect("what gets another name is there");
                    self.step(parent(from), Step::Remove(name(from)));
                    self.step(parent(to), Step::Add(name(to), node));
                }
            }
            Change::RemoveFile(path) => self.step(parent(path), Step::Remove(name(path))),
            Change::RemoveFolder(path) => self.remove_folder(path),
        }
    }

    /// Its files go one by one: a power cut may leave some.
    fn remove_folder(&mut self, path: &Path) {
        let at = self.find(path).unwrap_or_else(|| panic!("{} is unknown to the seam", path.display()));
        let Node::Folder { now, .. } = &self.nodes[at] else { panic!("it is a folder") };
        for (name, node) in now.clone() {
            let below = path.join(&name);
            match self.nodes[node] {
                Node::Folder { .. } => self.remove_folder(&below),
                _ => self.step(path, Step::Remove(name)),
            }
        }
        self.step(parent(path), Step::Remove(name(path)));
    }

    /// Every path with its bytes (links: where they lead; folders: none), as the seam knows them.
    pub(crate) fn now(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        self.list(0, &self.folder.clone(), &mut all);
        all
    }

    fn list(&self, at: usize, path: &Path, all: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
        let what = match &self.nodes[at] {
            Node::File { now, .. } => Some(now.clone()),
            Node::Link(target) => Some(target.as_os_str().as_encoded_bytes().to_vec()),
            Node::Folder { now, .. } => {
                now.iter().for_each(|(name, &node)| self.list(node, &path.join(name), all));
                None
            }
        };
        all.insert(path.to_path_buf(), what);
    }

    /// Puts what a power cut leaves into the new folder `into`. `among(n)` gives a number up to and including `n`: of the changes of a
    /// folder that were not synced the first so many have got to the disk, and of a file's bytes.
    pub(crate) fn after_a_power_cut(&self, into: &Path, among: &mut dyn FnMut(usize) -> usize) {
        self.leave(0, into, among);
    }

    fn leave(&self, at: usize, path: &Path, among: &mut dyn FnMut(usize) -> usize) {
        match &self.nodes[at] {
            Node::Link(target) => std::os::unix::fs::symlink(target, path).expect("a link can be made"),
            Node::File { now, safe } if now == safe || among(2) == 0 => write(path, safe),
            // What was only added to a file takes nothing away that a sync has promised.
            Node::File { now, safe } if now.starts_with(safe) => {
                write(path, &now[..safe.len() + among(now.len() - safe.len())]);
            }
            Node::File { now, .. } => write(path, &now[..among(now.len())]),
            Node::Folder { safe, unsafe_yet, .. } => {
                fs::create_dir(path).expect("a folder can be made");
                let mut names = safe.clone();
                unsafe_yet[..among(unsafe_yet.len())].iter().for_each(|step| step.take(&mut names));
                names.iter().for_each(|(name, &node)| self.leave(node, &path.join(name), among));
            }
        }
    }
}

impl Node {
    fn folder(names: Names) -> Node {
        Node::Folder { now: names.clone(), safe: names, unsafe_yet: Vec::new() }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
}

fn parent(path: &Path) -> &Path {
    path.parent().expect("it has a folder")
}

fn name(path: &Path) -> OsString {
    path.file_name().map(OsStr::to_os_string).expect("it has a name")
}
