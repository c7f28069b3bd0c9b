"""Words of a package for a lawyer or a court: on the page that makes it, in the readable copy that
it holds, and where it is opened (`samleng open`).
"""

from collections.abc import Mapping

from api.words import mark
from referrals.package import Reason

REASONS: Mapping[str, str] = {
    Reason.LAWYER: mark("For the person's lawyer"),
    Reason.COURT: mark("For a court, as the person wishes"),
    Reason.HER_WISH: mark("For the person, or whom the person named"),
}
AGREED: Mapping[str, str] = {
    "standing_consent": mark("The person agreed to legal aid, and it was confirmed again"),
    "her_own_wish": mark("The person asked for it, as a member of staff confirmed"),
}
ANSWERS: Mapping[bool, str] = {True: mark("Yes"), False: mark("No")}

BAD_KEY = mark("This is not a whole public key. Ask the receiver for the .pub file again.")
NO_RECEIVER = mark("Please write for whom it is, in one line.")
NO_REASON = mark("Please choose why it leaves.")
NOT_COMPARED = mark("Compare the fingerprint by phone first, and say that it is the same.")
NO_CONSENT = mark(
    "It may not leave: this person did not agree to legal aid, or nobody confirmed the wish."
)

CASE = mark("Case")
LODGED = mark("Lodged on")
EXPORTED = mark("Copied on")
FROM = mark("By")
RECEIVER = mark("For")
WHY = mark("Why")
HOW_AGREED = mark("How the person agreed")
FILES = mark("Files")
LEFT_OUT = mark("Files that could not be opened, and are missing")
CONSENTS = mark("Answers to questions of consent")
ACTS = mark("Acts on this case, each with its link of the audit's chain")
WHOLE = mark("Nothing in it was changed since it was packed: hashes, signature and links fit.")
COMPARE = mark(
    "Compare the key of the signature with the page /verify/key of the office's own Samleng:"
)
READ = mark("Read case.html first.")
