//! (being built)
pub mod variants {
    pub fn classes_of(_: &str) -> &'static [u16] {
        &[]
    }
}
pub struct Context;
#[derive(Clone, Copy)]
pub struct Flags;
impl Flags {
    pub const TEST_RANGE: Flags = Flags;
    pub fn has(self, _: Flags) -> bool {
        false
    }
}
#[derive(Clone, Copy)]
pub struct Reason;
impl Reason {
    pub fn word(self) -> &'static str {
        ""
    }
}
pub struct Verdict {
    pub reason: Option<Reason>,
    pub is_null: bool,
    pub flags: Flags,
}
impl Context {
    pub fn learn(
        _: crate::job::Field,
        _: Option<crate::job::FieldKind>,
        _: &crate::job::Source,
        _: jiff::civil::Date,
        _: &mut dyn Iterator<Item = (&str, u64)>,
    ) -> Context {
        Context
    }
    pub fn found(&self) -> Option<String> {
        None
    }
    pub fn clean(&self, raw: &str, out: &mut String) -> Verdict {
        out.clear();
        out.push_str(raw);
        Verdict { reason: None, is_null: false, flags: Flags }
    }
}
pub mod name {
    pub struct FullName {
        pub given: String,
        pub middle: String,
        pub family: String,
    }
    pub fn split_full(_: &str) -> FullName {
        FullName { given: String::new(), middle: String::new(), family: String::new() }
    }
    pub fn is_filler_person(_: &str, _: &str) -> bool {
        false
    }
}
pub mod facts {
    pub struct FactContext;
    impl FactContext {
        pub fn learn(
            _: &crate::job::Carry,
            _: jiff::civil::Date,
            _: &mut dyn Iterator<Item = (&str, u64)>,
        ) -> FactContext {
            FactContext
        }
        pub fn clean(&self, raw: &str, out: &mut String) -> super::Verdict {
            out.push_str(raw);
            super::Verdict { reason: None, is_null: false, flags: super::Flags }
        }
    }
}
