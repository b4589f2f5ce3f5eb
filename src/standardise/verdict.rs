//! What a cleaner says about a value beside its canonical form.

/// Why a value became null or was changed notably. Counted in run.json under its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A value that stands for "none", such as 0000000000 or "unknown".
    Placeholder,
    /// One digit or letter over and over.
    Repeat,
    CheckDigit,
    /// Outside the range or form that the field's values can have.
    Range,
    /// A number that a spreadsheet wrote with an exponent: digits are lost.
    Exponent,
    /// An NHS number from before 1996: letters and digits, not convertible.
    OldFormat,
    NotADate,
    NotANumber,
    /// Too short, or not in the form of the field.
    Malformed,
    PseudoPostcode,
    /// Not British: kept as a category.
    ForeignPostcode,
    /// A letter read as a digit or the reverse, or a wrong encoding, put right.
    Repaired,
    UnknownCode,
    /// The name of a person who does not exist, or a test record.
    Filler,
    /// A child not named yet.
    Baby,
    /// A title was taken out of a name.
    Title,
    /// Words that are no name were taken out of one.
    Noise,
}

impl Reason {
    pub const ALL: [Reason; 17] = [
        Reason::Placeholder,
        Reason::Repeat,
        Reason::CheckDigit,
        Reason::Range,
        Reason::Exponent,
        Reason::OldFormat,
        Reason::NotADate,
        Reason::NotANumber,
        Reason::Malformed,
        Reason::PseudoPostcode,
        Reason::ForeignPostcode,
        Reason::Repaired,
        Reason::UnknownCode,
        Reason::Filler,
        Reason::Baby,
        Reason::Title,
        Reason::Noise,
    ];

    /// The key in run.json.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Placeholder => "placeholder",
            Reason::Repeat => "repeat",
            Reason::CheckDigit => "check_digit",
            Reason::Range => "range",
            Reason::Exponent => "exponent",
            Reason::OldFormat => "old_format",
            Reason::NotADate => "not_a_date",
            Reason::NotANumber => "not_a_number",
            Reason::Malformed => "malformed",
            Reason::PseudoPostcode => "pseudo_postcode",
            Reason::ForeignPostcode => "foreign_postcode",
            Reason::Repaired => "repaired",
            Reason::UnknownCode => "unknown_code",
            Reason::Filler => "filler",
            Reason::Baby => "baby",
            Reason::Title => "title",
            Reason::Noise => "noise",
        }
    }
}

/// Facts about a value that its canonical form does not show. A set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Flags(u32);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $word:literal;)*) => {
        impl Flags {
            $($(#[$doc])* pub const $name: Flags = Flags(1 << $bit);)*
            /// Every flag with its word, in the order of the bits.
            pub const WORDS: &'static [(Flags, &'static str)] = &[$((Flags::$name, $word)),*];
        }
    };
}

flags! {
    /// NHS numbers 900 to 999: never issued to anybody. The caller decides by `test_numbers`.
    TEST_RANGE = 0, "test_range";
    /// A Scottish Community Health Index number (namespace `chi:`).
    CHI = 1, "chi";
    /// A Northern Irish Health and Care number (namespace `hcni:`).
    HCNI = 2, "hcni";
    /// An Irish Individual Health Identifier (namespace `ihi:`).
    IHI = 3, "ihi";
    /// A range that is not allocated, as far as is known; the value is kept.
    UNALLOCATED = 4, "unallocated";
    /// The given name of a child not named yet.
    BABY = 5, "baby";
    /// The name field says that the person has died.
    DECEASED = 6, "deceased";
    /// The name field says that the record must not be used (duplicate, merged, entered in error).
    DO_NOT_USE = 7, "do_not_use";
    /// The record of nobody: Mickey Mouse, a test patient.
    FILLER_PERSON = 8, "filler_person";
    SUFFIX_JUNIOR = 9, "suffix_junior";
    SUFFIX_SENIOR = 10, "suffix_senior";
    /// No such day, such as 30 February; the digits are kept.
    IMPOSSIBLE = 11, "impossible";
    /// After `as_of`.
    FUTURE = 12, "future";
    BEFORE_1890 = 13, "before_1890";
    FIRST_OF_JANUARY = 14, "first_of_january";
    /// A date that systems write where none is known.
    DEFAULT_DATE = 15, "default_date";
    /// Day 1 or 15, which some write for an unknown day.
    DEFAULT_DAY = 16, "default_day";
    /// Part of a date or of a postcode is missing.
    PARTIAL = 17, "partial";
    NO_FIXED_ABODE = 18, "no_fixed_abode";
    /// Registered with no practice (V81997).
    UNREGISTERED = 19, "unregistered";
    MOBILE = 20, "mobile";
    CARE_HOME = 21, "care_home";
    PRISON = 22, "prison";
    HOSTEL = 23, "hostel";
    HOSPITAL = 24, "hospital";
    STUDENT_HALL = 25, "student_hall";
    BARRACKS = 26, "barracks";
}

/// Bits 28 to 31 hold a birth order of 1 to 9 found in a given name ("TWIN 2"); 0 where none was.
const BIRTH_ORDER_SHIFT: u32 = 28;

impl Flags {
    pub const NONE: Flags = Flags(0);
    /// An address that many unrelated people share.
    pub const COMMUNAL: Flags = Flags(
        Flags::CARE_HOME.0
            | Flags::PRISON.0
            | Flags::HOSTEL.0
            | Flags::HOSPITAL.0
            | Flags::STUDENT_HALL.0
            | Flags::BARRACKS.0,
    );

    /// Whether any flag of `other` is set.
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn set(&mut self, other: Flags) {
        self.0 |= other.0;
    }

    /// Birth order found in a given name ("TWIN 2").
    pub fn birth_order(self) -> Option<u8> {
        let order = (self.0 >> BIRTH_ORDER_SHIFT) as u8;
        (order > 0).then_some(order)
    }

    pub(super) fn set_birth_order(&mut self, order: u8) {
        let low = self.0 & ((1 << BIRTH_ORDER_SHIFT) - 1);
        self.0 = low | (u32::from(order.min(9)) << BIRTH_ORDER_SHIFT);
    }

    /// The words of the flags that are set, in the order of the bits.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Flags::WORDS.iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, word)| *word)
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// What became of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Set where the value became null or was changed notably.
    pub reason: Option<Reason>,
    /// The value is missing after cleaning; the output is then empty.
    pub is_null: bool,
    pub flags: Flags,
}

impl Verdict {
    pub(super) const KEPT: Verdict = Verdict { reason: None, is_null: false, flags: Flags::NONE };
    pub(super) const MISSING: Verdict = Verdict { reason: None, is_null: true, flags: Flags::NONE };

    pub(super) fn null(reason: Reason) -> Verdict {
        Verdict { reason: Some(reason), is_null: true, flags: Flags::NONE }
    }

    pub(super) fn changed(reason: Reason) -> Verdict {
        Verdict { reason: Some(reason), is_null: false, flags: Flags::NONE }
    }

    pub(super) fn with(mut self, flags: Flags) -> Verdict {
        self.flags.set(flags);
        self
    }
}
