//! The columns of each kind of extract, and which canonical field or carried fact each one is.

mod care;
mod hospitals;
mod others;
mod practices;

pub(super) use care::{CARE_PLANS, CHILDREN, COMMUNITY, COUNCIL_A, COUNCIL_B, HOSPICE, MENTAL_HEALTH};
pub(super) use hospitals::{EMERGENCY, INPATIENTS, MATERNITY, OUTPATIENTS, PATIENT_INDEX};
pub(super) use others::{
    AMBULANCE, EYE_SCREENING, IMMUNISATIONS, PHARMACY, TELEPHONE, TENANTS, TREATMENT_CENTRE, VOLUNTEERS,
};
pub(super) use practices::{PRACTICE_A, PRACTICE_B, PRACTICE_C};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    RecordId,
    NhsNumber,
    NumberStatus,
    Given,
    Middle,
    Family,
    PreviousFamily,
    /// "Given Middle Family".
    FullName,
    /// "FAMILY, Given".
    NameFamilyFirst,
    Birth,
    /// Only the year, known or estimated.
    BirthYear,
    Death,
    Sex,
    Ethnicity,
    /// Line, town.
    AddressLine,
    AddressTown,
    /// Line and town in one cell, parted by a comma.
    Address,
    /// Line and town in one cell, parted by a line break.
    AddressLines,
    Postcode,
    Uprn,
    Phone,
    Email,
    Practice,
    BirthOrder,
    Sensitivity,
    WithheldReason,
    RegisteredFrom,
    RegisteredUntil,
    AddressFrom,
    Updated,
    /// A long-term condition by its place in `health::CONDITIONS`; "Y", "N".
    Condition(usize),
    Frailty,
    Area,
    Authority,
    Decile,
    LastContact,
    /// A row an admission or attendance.
    Admission,
    Attendance,
    /// Of the nth package of care.
    Package(usize, Part),
    /// "Y", "N".
    LivesAlone,
    PreferredPlace,
    PreferredPlaceOfCare,
    WishesDecided,
    ActualPlace,
    Resuscitation,
    EndOfLifeRegister,
    /// A column that nobody maps: extracts are full of them.
    Unused(&'static str),
}

/// What a column says of a package of care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Service,
    Need,
    From,
    Until,
    PlannedUntil,
    Because,
}

impl What {
    pub fn is_event(self) -> bool {
        matches!(self, What::Admission | What::Attendance)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub header: &'static str,
    pub what: What,
    /// Characters, for fixed width.
    pub width: usize,
}

const fn c(header: &'static str, what: What) -> Column {
    Column { header, what, width: 0 }
}

const fn w(header: &'static str, what: What, width: usize) -> Column {
    Column { header, what, width }
}
