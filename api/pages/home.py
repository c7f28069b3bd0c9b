"""Where a member begins, whatever her role."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse

from api.pages.shell import home_of
from api.policy import allowed
from referrals.directory import SignedIn
from referrals.permission import Permission

router = APIRouter(include_in_schema=False)


@router.get("/home")
def home(who: Annotated[SignedIn, Depends(allowed(Permission.OWN_ACCOUNT))]) -> RedirectResponse:
    """Bring the member to her first page."""
    return RedirectResponse(home_of(who), status_code=303)
