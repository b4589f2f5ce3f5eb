//! The canonical fields of a record, and the facts carried beside them.

/// A canonical field (DESIGN section 5). The order is the order of columns wherever fields are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Field {
    RecordId,
    NhsNumber,
    NhsNumberStatus,
    FullName,
    GivenName,
    MiddleName,
    FamilyName,
    PreviousFamilyName,
    DateOfBirth,
    YearOfBirth,
    DateOfDeath,
    Sex,
    Ethnicity,
    Address,
    Postcode,
    Uprn,
    Phone,
    Email,
    GpPractice,
    LocalId,
    BirthOrder,
    Sensitivity,
    WithheldIdentityReason,
    RegisteredFrom,
    RegisteredUntil,
    AddressFrom,
    Updated,
    /// Index into [`crate::job::Job::custom_fields`].
    Custom(u16),
}

impl Field {
    /// Every built-in field, in order.
    pub const BUILT_IN: [Field; 27] = [
        Field::RecordId,
        Field::NhsNumber,
        Field::NhsNumberStatus,
        Field::FullName,
        Field::GivenName,
        Field::MiddleName,
        Field::FamilyName,
        Field::PreviousFamilyName,
        Field::DateOfBirth,
        Field::YearOfBirth,
        Field::DateOfDeath,
        Field::Sex,
        Field::Ethnicity,
        Field::Address,
        Field::Postcode,
        Field::Uprn,
        Field::Phone,
        Field::Email,
        Field::GpPractice,
        Field::LocalId,
        Field::BirthOrder,
        Field::Sensitivity,
        Field::WithheldIdentityReason,
        Field::RegisteredFrom,
        Field::RegisteredUntil,
        Field::AddressFrom,
        Field::Updated,
    ];

    /// The word of the job file; `None` for a custom field, whose name the job holds.
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            Field::RecordId => "record_id",
            Field::NhsNumber => "nhs_number",
            Field::NhsNumberStatus => "nhs_number_status",
            Field::FullName => "full_name",
            Field::GivenName => "given_name",
            Field::MiddleName => "middle_name",
            Field::FamilyName => "family_name",
            Field::PreviousFamilyName => "previous_family_name",
            Field::DateOfBirth => "date_of_birth",
            Field::YearOfBirth => "year_of_birth",
            Field::DateOfDeath => "date_of_death",
            Field::Sex => "sex",
            Field::Ethnicity => "ethnicity",
            Field::Address => "address",
            Field::Postcode => "postcode",
            Field::Uprn => "uprn",
            Field::Phone => "phone",
            Field::Email => "email",
            Field::GpPractice => "gp_practice",
            Field::LocalId => "local_id",
            Field::BirthOrder => "birth_order",
            Field::Sensitivity => "sensitivity",
            Field::WithheldIdentityReason => "withheld_identity_reason",
            Field::RegisteredFrom => "registered_from",
            Field::RegisteredUntil => "registered_until",
            Field::AddressFrom => "address_from",
            Field::Updated => "updated",
            Field::Custom(_) => return None,
        })
    }
}

/// `[field.NAME]`: a matching field beyond the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    pub name: String,
    pub kind: FieldKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Identifier,
    Name,
    Date,
    Category,
    Text,
    Number,
}

/// A fact of `[provider.carry]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carry {
    /// The column of people.parquet.
    pub name: String,
    pub column: String,
    pub kind: CarryKind,
    pub combine: Combine,
    /// A strptime format for `kind = "date"`; found from the data where absent.
    pub format: Option<String>,
    /// Only facts dated within this span before `as_of` count. A `date` fact is dated by itself, any other by the row's
    /// `updated` field.
    pub within: Option<Within>,
    /// It tells where a person lives: hidden for whoever is marked sensitive. The job says so, or the column is mapped to what tells it.
    pub place: bool,
}

impl Carry {
    /// Does it hold what stood in its column? A flag and a count tell nothing of that.
    pub fn holds_values(&self) -> bool {
        self.kind != CarryKind::Flag && self.combine != Combine::Count
    }
}

/// A window that ends on `as_of`, as in `within = "12 months"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Within {
    pub months: i32,
    pub days: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CarryKind {
    Flag,
    Date,
    Number,
    Category,
    List,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    Any,
    All,
    Latest,
    Earliest,
    Sum,
    Count,
    Max,
    Union,
}
