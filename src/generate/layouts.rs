//! The columns of each kind of extract, and which canonical field or carried fact each one is.

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
    PackageService,
    PackageFrom,
    PackageUntil,
    PreferredPlace,
    ActualPlace,
    Resuscitation,
    EndOfLifeRegister,
    /// A column that nobody maps: extracts are full of them.
    Unused(&'static str),
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

use What::*;

pub(super) static PRACTICE_A: &[Column] = &[
    c("PatientID", RecordId), c("NHS Number", NhsNumber), c("NHS Number Status", NumberStatus), c("Forename", Given), c("Middle Names", Middle), c("Surname", Family),
    c("Previous Surname", PreviousFamily), c("Date of Birth", Birth), c("Date of Death", Death), c("Gender", Sex), c("Ethnic Category", Ethnicity),
    c("Address", AddressLine), c("Town", AddressTown), c("Postcode", Postcode), c("UPRN", Uprn), c("Mobile", Phone), c("Email", Email),
    c("Practice Code", Practice), c("Sensitivity", Sensitivity), c("Date of Registration", RegisteredFrom), c("Date of Deduction", RegisteredUntil), c("Address Since", AddressFrom), c("Last Updated", Updated),
    c("DM", Condition(0)), c("HYP", Condition(1)), c("HF", Condition(2)), c("COPD", Condition(3)), c("AST", Condition(4)), c("CKD", Condition(5)), c("DEM", Condition(6)), c("CAN", Condition(7)), c("DEP", Condition(8)), c("SMI", Condition(9)),
    c("eFI Category", Frailty), c("LSOA", Area), c("Local Authority", Authority), c("IMD Decile", Decile), c("Last Seen", LastContact), c("Palliative Register", EndOfLifeRegister),
];
pub(super) static PRACTICE_B: &[Column] = &[
    c("Usual GP's Organisation Code", Practice), c("Patient No", RecordId), c("NHS No", NhsNumber), c("Surname", Family), c("First names", Given), c("DOB", Birth),
    c("Sex", Sex), c("Ethnicity", Ethnicity), c("House and street", AddressLine), c("Town", AddressTown), c("Post Code", Postcode), c("Telephone", Phone), c("E-mail", Email),
    c("Registered", RegisteredFrom), c("Left", RegisteredUntil), c("Record changed", Updated), c("Registered Status", Unused("GMS")),
    c("Diabetes", Condition(0)), c("Hypertension", Condition(1)), c("Heart failure", Condition(2)), c("COPD", Condition(3)), c("Asthma", Condition(4)), c("CKD", Condition(5)), c("Dementia", Condition(6)), c("Cancer", Condition(7)), c("Depression", Condition(8)), c("SMI", Condition(9)),
    c("Frailty", Frailty), c("Small area", Area), c("Council", Authority), c("Deprivation", Decile), c("Last consultation", LastContact),
];
pub(super) static PRACTICE_C: &[Column] = &[
    c("pat_id", RecordId), c("nhs_number", NhsNumber), c("nhs_number_verified", NumberStatus), c("given_name", Given), c("other_names", Middle), c("family_name", Family), c("birth_date", Birth), c("death_date", Death), c("gender", Sex), c("ethnic_group", Ethnicity),
    c("full_address", Address), c("postcode", Postcode), c("uprn", Uprn), c("mobile_phone", Phone), c("email_address", Email), c("gp_code", Practice), c("updated_on", Updated),
    c("diabetes", Condition(0)), c("hypertension", Condition(1)), c("heart_failure", Condition(2)), c("copd", Condition(3)), c("asthma", Condition(4)), c("ckd", Condition(5)), c("dementia", Condition(6)), c("cancer", Condition(7)), c("depression", Condition(8)), c("smi", Condition(9)),
    c("efi", Frailty), c("lsoa21", Area), c("local_authority", Authority), c("imd_decile", Decile), c("last_contact", LastContact),
];
pub(super) static INPATIENTS: &[Column] = &[
    c("LOCAL_PATIENT_IDENTIFIER", RecordId), c("NHS_NUMBER", NhsNumber), c("NHS_NUMBER_STATUS_INDICATOR_CODE", NumberStatus), c("WITHHELD_IDENTITY_REASON", WithheldReason), c("PATIENT_GIVEN_NAME", Given), c("PATIENT_FAMILY_NAME", Family),
    c("PERSON_BIRTH_DATE", Birth), c("PERSON_GENDER_CODE_CURRENT", Sex), c("ETHNIC_CATEGORY", Ethnicity), c("PATIENT_USUAL_ADDRESS", Address), c("POSTCODE_OF_USUAL_ADDRESS", Postcode), c("GENERAL_MEDICAL_PRACTICE_CODE_(PATIENT_REGISTRATION)", Practice),
    c("ADMISSION_METHOD", Unused("21")), c("START_DATE_HOSPITAL_PROVIDER_SPELL", Admission), c("LAST_CONTACT_DATE", LastContact),
];
pub(super) static OUTPATIENTS: &[Column] = &[
    c("LOPATID", RecordId), c("NEWNHSNO", NhsNumber), c("FORENAME", Given), c("SURNAME", Family), c("DOB", Birth), c("SEX", Sex), c("ETHNOS", Ethnicity), c("HOMEADD", Postcode), c("GPPRAC", Practice), c("APPTDATE", LastContact), c("ATTENDED", Unused("5")),
];
pub(super) static EMERGENCY: &[Column] = &[
    c("patientIdentifier", RecordId), c("nhsNumber", NhsNumber), c("givenName", Given), c("familyName", Family), c("birthDate", Birth), c("statedGender", Sex), c("ethnicCategory", Ethnicity), c("address", Address), c("postcode", Postcode), c("phone", Phone), c("gpPractice", Practice), c("arrivalDate", Attendance), c("lastContact", LastContact),
];
pub(super) static PATIENT_INDEX: &[Column] = &[
    w("UNIT_NO", RecordId, 12), w("NHS_NO", NhsNumber, 10), w("SURNAME", Family, 20), w("FORENAME", Given, 20), w("BIRTH_DT", Birth, 8), w("SEX", Sex, 1), w("ETHNIC", Ethnicity, 2), w("ADDRESS", AddressLine, 35), w("TOWN", AddressTown, 20), w("POSTCODE", Postcode, 8), w("PHONE", Phone, 14), w("GP", Practice, 6), w("DEATH_DT", Death, 8), w("CONTACT", LastContact, 8),
];
pub(super) static MATERNITY: &[Column] = &[
    c("HospitalNumber", RecordId), c("NHSNumber", NhsNumber), c("Forename", Given), c("Surname", Family), c("DateOfBirth", Birth), c("Sex", Sex), c("BirthOrder", BirthOrder), c("EthnicOrigin", Ethnicity), c("Address", AddressLines), c("PostCode", Postcode), c("Telephone", Phone), c("RegisteredPractice", Practice), c("LastContact", LastContact),
];
pub(super) static COMMUNITY: &[Column] = &[
    c("LOCAL PATIENT IDENTIFIER (EXTENDED)", RecordId), c("NHS NUMBER", NhsNumber), c("NHS NUMBER STATUS INDICATOR CODE", NumberStatus), c("PERSON GIVEN NAME", Given), c("PERSON FAMILY NAME", Family), c("PERSON BIRTH DATE", Birth), c("PERSON STATED GENDER CODE", Sex), c("ETHNIC CATEGORY", Ethnicity), c("ADDRESS", Address), c("POSTCODE OF USUAL ADDRESS", Postcode), c("TELEPHONE", Phone), c("ORGANISATION CODE (GP PRACTICE)", Practice), c("CARE CONTACT DATE", LastContact), c("FRAILTY", Frailty),
];
pub(super) static CHILDREN: &[Column] = &[
    c("id", RecordId), c("nhs_no", NhsNumber), c("first_name", Given), c("last_name", Family), c("dob", Birth), c("gender", Sex), c("birth_order", BirthOrder), c("ethnicity", Ethnicity), c("address", Address), c("postcode", Postcode), c("parent_phone", Phone), c("last_contact", LastContact),
];
pub(super) static MENTAL_HEALTH: &[Column] = &[
    c("LocalPatientId", RecordId), c("NHSNumber", NhsNumber), c("NHSNumberStatus", NumberStatus), c("GivenName", Given), c("FamilyName", Family), c("PersonBirthDate", Birth), c("PersDeathDate", Death), c("Gender", Sex), c("EthnicCategory", Ethnicity), c("Address", Address), c("Postcode", Postcode), c("ContactNumber", Phone), c("GMPReg", Practice), c("LastContactDate", LastContact), c("SMIRegister", Condition(9)), c("OrgIDResidenceResp", Unused("QRV")),
];
pub(super) static COUNCIL_A: &[Column] = &[
    c("LA_Person_Unique_Identifier", RecordId), c("NHS_Number", NhsNumber), c("First_Name", Given), c("Last_Name", Family), c("Date_of_Birth", Birth), c("Date_of_Death", Death), c("Gender", Sex), c("Ethnicity", Ethnicity), c("Address", Address), c("Postcode", Postcode), c("UPRN", Uprn), c("Phone", Phone), c("GP_Practice_Code", Practice), c("Client_Type", Unused("Service User")), c("Service_Type", PackageService), c("Event_Start_Date", PackageFrom), c("Event_End_Date", PackageUntil), c("Last_Review", LastContact),
];
pub(super) static COUNCIL_B: &[Column] = &[
    c("PersonRef", RecordId), c("NHS", NhsNumber), c("FullName", FullName), c("DOB", Birth), c("Sex", Sex), c("EthnicGroup", Ethnicity), c("HouseStreet", AddressLine), c("Town", AddressTown), c("PostCode", Postcode), c("Tel", Phone), c("Service", PackageService), c("Start", PackageFrom), c("End", PackageUntil), c("LastContact", LastContact),
];
pub(super) static AMBULANCE: &[Column] = &[
    c("clericNumber", RecordId), c("nhsNumber", NhsNumber), c("patientName", FullName), c("dateOfBirth", Birth), c("estimatedBirthYear", BirthYear), c("sex", Sex), c("incidentAddress", AddressLine), c("incidentPostcode", Postcode), c("callerPhone", Phone), c("incidentDate", LastContact),
];
pub(super) static TELEPHONE: &[Column] = &[
    c("CaseRef", RecordId), c("NHSNumber", NhsNumber), c("PatientName", NameFamilyFirst), c("DOB", Birth), c("Gender", Sex), c("HomeAddress", Address), c("Postcode", Postcode), c("CallbackNumber", Phone), c("GPCode", Practice), c("CallDate", LastContact),
];
pub(super) static TREATMENT_CENTRE: &[Column] = &[
    c("attendance_id", RecordId), c("nhs_number", NhsNumber), c("forename", Given), c("surname", Family), c("dob", Birth), c("gender", Sex), c("ethnic", Ethnicity), c("postcode", Postcode), c("mobile", Phone), c("gp_practice", Practice), c("attended_on", LastContact),
];
pub(super) static HOSPICE: &[Column] = &[
    c("Ref", RecordId), c("NHS number", NhsNumber), c("First name", Given), c("Surname", Family), c("Date of birth", Birth), c("Date of death", Death), c("Gender", Sex), c("Address", Address), c("Postcode", Postcode), c("Phone", Phone), c("GP practice", Practice), c("On register", EndOfLifeRegister), c("Preferred place of death", PreferredPlace), c("Place of death", ActualPlace), c("DNACPR", Resuscitation), c("Last contact", LastContact),
];
pub(super) static CARE_PLANS: &[Column] = &[
    c("plan_id", RecordId), c("nhs_number", NhsNumber), c("given", Given), c("family", Family), c("date_of_birth", Birth), c("date_of_death", Death), c("sex", Sex), c("address", AddressLines), c("postcode", Postcode), c("telephone", Phone), c("eol_register", EndOfLifeRegister), c("preferred_place_of_death", PreferredPlace), c("actual_place_of_death", ActualPlace), c("dnacpr", Resuscitation), c("reviewed", LastContact),
];
pub(super) static PHARMACY: &[Column] = &[
    c("PMR_ID", RecordId), c("NHS_NO", NhsNumber), c("TITLE", Unused("")), c("FIRST_NAME", Given), c("SURNAME", Family), c("DOB", Birth), c("SEX", Sex), c("ADDRESS", Address), c("POSTCODE", Postcode), c("PHONE", Phone), c("SURGERY", Practice), c("LAST_DISPENSED", LastContact),
];
pub(super) static IMMUNISATIONS: &[Column] = &[
    c("child_id", RecordId), c("nhs_number", NhsNumber), c("forename", Given), c("surname", Family), c("date_of_birth", Birth), c("sex", Sex), c("birth_order", BirthOrder), c("ethnic_category", Ethnicity), c("address", Address), c("postcode", Postcode), c("phone", Phone), c("gp", Practice), c("last_dose", LastContact),
];
pub(super) static TENANTS: &[Column] = &[
    c("Tenancy Ref", RecordId), c("Tenant First Name", Given), c("Tenant Surname", Family), c("Date of Birth", Birth), c("Sex", Sex), c("Property Address", Address), c("Post Code", Postcode), c("UPRN", Uprn), c("Tel", Phone), c("Email", Email), c("Tenancy Start", AddressFrom), c("Last Visit", LastContact),
];
pub(super) static VOLUNTEERS: &[Column] = &[
    c("Member", RecordId), c("Name", FullName), c("Date of birth", Birth), c("M/F", Sex), c("Address", Address), c("Postcode", Postcode), c("Phone", Phone), c("Email", Email), c("Last visit", LastContact),
];
pub(super) static EYE_SCREENING: &[Column] = &[
    c("screening_id", RecordId), c("nhs_number", NhsNumber), c("given_name", Given), c("family_name", Family), c("dob", Birth), c("gender", Sex), c("ethnic_code", Ethnicity), c("address", Address), c("postcode", Postcode), c("phone", Phone), c("practice", Practice), c("screened_on", LastContact), c("diabetes", Condition(0)),
];
