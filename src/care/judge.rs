//! What the packages of one person say together.

/// A package as far as it is judged; days since 1970, first and last day included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub need: u32,
    pub provider: u16,
    pub from: i32,
    /// `None` where it goes on.
    pub until: Option<i32>,
    /// It ended because the need went: nothing has to follow.
    pub need_gone: bool,
}

impl Span {
    /// Is it there on this day?
    pub fn covers(&self, day: i32) -> bool {
        covers((self.from, self.until), day)
    }
}

/// Days on which two different providers provide for one need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlap {
    pub need: u32,
    pub from: i32,
    /// The last such day; `None` where it goes on.
    pub until: Option<i32>,
}

impl Overlap {
    /// Is it so on this day?
    pub fn covers(&self, day: i32) -> bool {
        covers((self.from, self.until), day)
    }
}

/// Is a day one of those from the first to the last, if there is a last?
fn covers((from, until): (i32, Option<i32>), day: i32) -> bool {
    from <= day && until.is_none_or(|until| day <= until)
}

/// The runs of days, each as long as it can be, on which two different providers provide for one need; by need, then by day. Two packages of
/// one provider are no overlap.
pub fn overlaps(spans: &[Span]) -> Vec<Overlap> {
    let mut found = Vec::new();
    for spans in by_need(spans) {
        if spans.iter().all(|span| span.provider == spans[0].provider) {
            continue;
        }
        // A package begins on its first day and is gone on the day after its last.
        let begins = spans.iter().map(|span| (span.from, span.provider, 1));
        let goes = spans.iter().filter_map(|span| Some((span.until? + 1, span.provider, -1)));
        let mut changes: Vec<(i32, u16, i32)> = begins.chain(goes).collect();
        changes.sort_unstable();
        let mut there: Vec<(u16, i32)> = Vec::new();
        let mut since = None;
        for of_day in changes.chunk_by(|one, other| one.0 == other.0) {
            of_day.iter().for_each(|&(_, provider, change)| count(&mut there, provider, change));
            let several = there.iter().filter(|(_, packages)| *packages > 0).count() > 1;
            let day = of_day[0].0;
            match since {
                None if several => since = Some(day),
                Some(from) if !several => {
                    found.push(Overlap { need: spans[0].need, from, until: Some(day - 1) });
                    since = None;
                }
                _ => {}
            }
        }
        found.extend(since.map(|from| Overlap { need: spans[0].need, from, until: None }));
    }
    found
}

fn count(there: &mut Vec<(u16, i32)>, provider: u16, change: i32) {
    match there.iter_mut().find(|(known, _)| *known == provider) {
        Some((_, packages)) => *packages += change,
        None => there.push((provider, change)),
    }
}

/// The needs whose last package ended without a successor: between `earliest` and `as_of`, more than `successor_days` ago, not because the
/// need went, and none is there or planned. Ascending.
pub fn ended(spans: &[Span], as_of: i32, successor_days: i32, earliest: i32) -> Vec<u32> {
    let mut found = Vec::new();
    for spans in by_need(spans) {
        let Some(ends) = spans.iter().map(|span| span.until).collect::<Option<Vec<i32>>>() else { continue };
        let last = ends.into_iter().max().expect("a group is never empty");
        let gone = spans.iter().any(|span| span.until == Some(last) && span.need_gone);
        if (earliest..as_of).contains(&last) && as_of - last > successor_days && !gone {
            found.push(spans[0].need);
        }
    }
    found
}

/// The spans of each need, needs ascending.
fn by_need(spans: &[Span]) -> Vec<Vec<Span>> {
    let mut sorted = spans.to_vec();
    sorted.sort_by_key(|span| span.need);
    sorted.chunk_by(|one, other| one.need == other.need).map(<[Span]>::to_vec).collect()
}
