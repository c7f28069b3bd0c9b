"""The codes Samleng thinks in. Labels are content; rules about codes are here."""

from enum import StrEnum


class Phase(StrEnum):
    """When in a migration a complaint arises; the six groups of the category menu."""

    RECRUITMENT = "recruitment"
    WORK = "work"
    ABUSE = "abuse"
    STATUS = "status"
    RETURN = "return"
    MONEY = "money"


class Category(StrEnum):
    """What a complaint is about."""

    DELAYED_DEPLOYMENT = "delayed_deployment"
    NO_JOB_NO_REFUND = "no_job_no_refund"
    OVERCHARGED_FEES = "overcharged_fees"
    DECEPTION = "deception"
    UNLICENSED_BROKER = "unlicensed_broker"
    NO_TRAINING = "no_training"
    DOCUMENTS_WITHHELD = "documents_withheld"
    UNPAID_WAGES = "unpaid_wages"
    WAGE_DEDUCTIONS = "wage_deductions"
    HOURS_REST_LEAVE = "hours_rest_leave"
    DISMISSAL = "dismissal"
    WORK_INJURY = "work_injury"
    SOCIAL_SECURITY = "social_security"
    DISCRIMINATION = "discrimination"
    VIOLENCE_HARASSMENT = "violence_harassment"
    TRAFFICKING_FORCED_LABOUR = "trafficking_forced_labour"
    MISSING_PERSON = "missing_person"
    DEATH_ABROAD = "death_abroad"
    DETENTION_DEPORTATION = "detention_deportation"
    PAPERS_STATUS = "papers_status"
    NO_HELP_TO_RETURN = "no_help_to_return"
    DEBT_REMITTANCE = "debt_remittance"
    REINTEGRATION = "reintegration"
    OTHER = "other"


PHASE_OF: dict[Category, Phase] = {
    Category.DELAYED_DEPLOYMENT: Phase.RECRUITMENT,
    Category.NO_JOB_NO_REFUND: Phase.RECRUITMENT,
    Category.OVERCHARGED_FEES: Phase.RECRUITMENT,
    Category.DECEPTION: Phase.RECRUITMENT,
    Category.UNLICENSED_BROKER: Phase.RECRUITMENT,
    Category.NO_TRAINING: Phase.RECRUITMENT,
    Category.DOCUMENTS_WITHHELD: Phase.WORK,
    Category.UNPAID_WAGES: Phase.WORK,
    Category.WAGE_DEDUCTIONS: Phase.WORK,
    Category.HOURS_REST_LEAVE: Phase.WORK,
    Category.DISMISSAL: Phase.WORK,
    Category.WORK_INJURY: Phase.WORK,
    Category.SOCIAL_SECURITY: Phase.WORK,
    Category.DISCRIMINATION: Phase.WORK,
    Category.VIOLENCE_HARASSMENT: Phase.ABUSE,
    Category.TRAFFICKING_FORCED_LABOUR: Phase.ABUSE,
    Category.MISSING_PERSON: Phase.ABUSE,
    Category.DEATH_ABROAD: Phase.ABUSE,
    Category.DETENTION_DEPORTATION: Phase.STATUS,
    Category.PAPERS_STATUS: Phase.STATUS,
    Category.NO_HELP_TO_RETURN: Phase.RETURN,
    Category.DEBT_REMITTANCE: Phase.MONEY,
    Category.REINTEGRATION: Phase.RETURN,
    Category.OTHER: Phase.WORK,
}

RED = frozenset(
    {
        Category.DOCUMENTS_WITHHELD,
        Category.WORK_INJURY,
        Category.VIOLENCE_HARASSMENT,
        Category.TRAFFICKING_FORCED_LABOUR,
        Category.MISSING_PERSON,
        Category.DEATH_ABROAD,
        Category.DETENTION_DEPORTATION,
    }
)
"""Categories for which a person is paged at once."""

CRIMES = frozenset({Category.VIOLENCE_HARASSMENT, Category.TRAFFICKING_FORCED_LABOUR})
"""Never conciliated: in the event of a crime, judicial processes are initiated (seed S3, line
2711).
"""


class Topic(StrEnum):
    """What a question is about."""

    LEGAL_ROUTE_NOW = "legal_route_now"
    MOU_STEPS = "mou_steps"
    DOCUMENTS_NEEDED = "documents_needed"
    MIGRATION_COST = "migration_cost"
    CHECK_AGENCY = "check_agency"
    JOB_OFFER_SCAM = "job_offer_scam"
    CONTRACT_TERMS = "contract_terms"
    PREDEPARTURE_TRAINING = "predeparture_training"
    DOMESTIC_WORK_MALAYSIA = "domestic_work_malaysia"
    MINIMUM_AGE = "minimum_age"
    ON_ARRIVAL = "on_arrival"
    DELAYED_DEPARTURE = "delayed_departure"
    ENTERING_MALAYSIA = "entering_malaysia"
    MINIMUM_WAGE = "minimum_wage"
    HOURS_OVERTIME = "hours_overtime"
    UNPAID_WAGES_HELP = "unpaid_wages_help"
    PASSPORT_KEPT = "passport_kept"
    CHANGE_EMPLOYER = "change_employer"
    SOCIAL_SECURITY = "social_security"
    WORK_ACCIDENT = "work_accident"
    PREGNANCY = "pregnancy"
    FISHING_RIGHTS = "fishing_rights"
    DOMESTIC_WORKER_RIGHTS = "domestic_worker_rights"
    ABUSE_HELP = "abuse_help"
    IS_IT_TRAFFICKING = "is_it_trafficking"
    SCAM_CENTRE = "scam_centre"
    SEXUAL_HARASSMENT = "sexual_harassment"
    MISSING_FAMILY = "missing_family"
    NO_PAPERS_COMPLAIN = "no_papers_complain"
    EXPIRED_PERMIT = "expired_permit"
    PINK_CARD_CI = "pink_card_ci"
    RETURN_FROM_MALAYSIA = "return_from_malaysia"
    SEND_MONEY = "send_money"
    CLAIMS_AFTER_RETURN = "claims_after_return"
    DEBT_AFTER_RETURN = "debt_after_return"
    RETURN_SUPPORT = "return_support"
    HOW_TO_COMPLAIN = "how_to_complain"


class PartnerType(StrEnum):
    """Kinds of organisation in the directory."""

    MRC = "mrc"
    PDOLVT = "pdolvt"
    MOLVT = "molvt"
    LEGAL_AID = "legal_aid"
    TRADE_UNION = "trade_union"
    EMBASSY = "embassy"
    POLICE_ANTI_TRAFFICKING = "police_anti_trafficking"
    SOCIAL_AFFAIRS = "social_affairs"
    SHELTER_HEALTH = "shelter_health"
    EMPLOYMENT_AGENCY_NEA = "employment_agency_nea"


class ConsentCode(StrEnum):
    """What a migrant is asked to agree to, one by one."""

    STORE = "store"
    SHARE_MRC = "share_mrc"
    SHARE_PDOLVT = "share_pdolvt"
    SHARE_LEGAL_AID = "share_legal_aid"
    SHARE_AUTHORITY = "share_authority"
    CONTACT_ME = "contact_me"
    STATISTICS = "statistics"


CONSENT_FOR: dict[PartnerType, ConsentCode] = {
    PartnerType.MRC: ConsentCode.SHARE_MRC,
    PartnerType.PDOLVT: ConsentCode.SHARE_PDOLVT,
    PartnerType.LEGAL_AID: ConsentCode.SHARE_LEGAL_AID,
    PartnerType.MOLVT: ConsentCode.SHARE_AUTHORITY,
    PartnerType.EMBASSY: ConsentCode.SHARE_AUTHORITY,
    PartnerType.POLICE_ANTI_TRAFFICKING: ConsentCode.SHARE_AUTHORITY,
}
"""Which consent lets a kind of partner read a case. A kind that is not named can get none yet."""


class Complainant(StrEnum):
    """For whom a complaint is lodged (fairrecruitmenthub.org/node/211: worker, family,
    representative).
    """

    SELF = "self"
    FAMILY = "family"
    REPRESENTATIVE = "representative"
    GROUP = "group"


class Country(StrEnum):
    """Countries of work (ISO 3166-1 alpha-2), or home."""

    TH = "TH"
    MY = "MY"
    KR = "KR"
    JP = "JP"
    SG = "SG"
    SA = "SA"
    HK = "HK"
    KH = "KH"
    OTHER = "other"


class Status(StrEnum):
    """Where a case stands, as the migrant is told it."""

    LODGED = "lodged"
    TAKEN = "taken"
    WORKING = "working"
    WAITING = "waiting"
    CLOSED = "closed"


class Confidentiality(StrEnum):
    """Who may look, and whether an identity was taken at all."""

    STANDARD = "standard"
    RESTRICTED = "restricted"
    ANONYMOUS = "anonymous"


class Urgency(StrEnum):
    """How soon somebody must look."""

    NOW = "now"
    SOON = "soon"
    NORMAL = "normal"


class Role(StrEnum):
    """What a member may do (referrals/permission.py). An administrator, an editor and an analyst
    read no case.
    """

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    CASE_WORKER = "case_worker"
    TRIAGE = "triage"
    PARTNER_WORKER = "partner_worker"
    ANALYST = "analyst"
    EDITOR = "editor"


OF_NO_OFFICE = frozenset({Role.ADMINISTRATOR, Role.EDITOR, Role.ANALYST})
"""Roles of people who belong to no partner, and so can hold no partner's key."""
