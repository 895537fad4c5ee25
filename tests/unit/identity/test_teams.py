"""Teams, invitations, and who lets whom see which cases."""

import asyncio

import pytest

from inspection_service.identity.errors import (
    EmailTaken,
    InvitationExpired,
    InvitationUnknown,
    LastAdmin,
    LoginFailed,
    MemberUnknown,
    OrganisationUnknown,
    SessionMissing,
)
from inspection_service.identity.records import Operator
from inspection_service.identity.rights import RIGHTS, may
from inspection_service.inspections.errors import InspectionUnknown, OperatorUnknown
from inspection_service.inspections.records import OperatorId
from inspection_service.storage import tables as t
from inspection_service.testing import PASSWORD, Backend

pytestmark = pytest.mark.unit


async def admin_of(backend: Backend, name: str = "Nord") -> Operator:
    """Found an organisation and return its admin."""
    made = await backend.identity.create_organisation(name)
    email = f"admin@{name.lower()}.example"
    return await backend.identity.create_operator(
        email, f"Admin {name}", PASSWORD, "admin", organisation_id=made.id
    )


async def test_an_invitation_makes_one_account_of_its_role(backend: Backend) -> None:
    """By whoever has the link, once, within 72 hours; the e-mail is the one invited."""
    made, token = await backend.identity.invite(t.HOUSE, " Bo@Example.com ", "Bo", "supervisor")
    assert token not in str(made)
    shown = await backend.identity.invitation(token)
    assert (shown.email, shown.role, shown.organisation.name) == ("bo@example.com", "supervisor", "Operators")
    tries = [backend.identity.join(token, "Bo B.", PASSWORD) for _ in range(3)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    joined = [answer for answer in answers if isinstance(answer, tuple)]
    assert len(joined) == 1
    assert sum(isinstance(answer, InvitationUnknown) for answer in answers) == 2
    operator, signed_in = joined[0]
    assert (operator.role, operator.name) == ("supervisor", "Bo B.")
    assert await backend.identity.operator(signed_in.token) == operator
    with pytest.raises(EmailTaken):
        await backend.identity.invite(t.HOUSE, "bo@example.com", "Bo", "operator")


async def test_invitations_end(backend: Backend) -> None:
    """By the clock, by being withdrawn, by another to the same address; each says so."""
    _, first = await backend.identity.invite(t.HOUSE, "bo@example.com", "Bo", "operator")
    second, again = await backend.identity.invite(t.HOUSE, "bo@example.com", "Bo", "operator")
    with pytest.raises(InvitationUnknown):
        await backend.identity.invitation(first)
    assert [one.id for one in await backend.identity.invitations(t.HOUSE)] == [second.id]
    other = await admin_of(backend)
    await backend.identity.withdraw_invitation(other.organisation_id, second.id)
    await backend.identity.invitation(again)
    await backend.identity.withdraw_invitation(t.HOUSE, second.id)
    with pytest.raises(InvitationUnknown):
        await backend.identity.join(again, "Bo", PASSWORD)
    _, late = await backend.identity.invite(t.HOUSE, "bo@example.com", "Bo", "operator")
    backend.clock.advance(hours=73)
    with pytest.raises(InvitationExpired):
        await backend.identity.join(late, "Bo", PASSWORD)
    assert await backend.identity.invitations(t.HOUSE) == []
    with pytest.raises(OrganisationUnknown):
        await backend.identity.invite("org_none", "cy@example.com", "Cy", "operator")


async def test_an_invitation_is_sent_in_the_persons_language(backend: Backend) -> None:
    """With the link, and until when; to the address invited."""
    made, token = await backend.identity.invite(t.HOUSE, "bo@example.com", "Bo", "operator")
    assert await backend.identity.send_invitation(made, f"https://x.example/operator/join#{token}", "fr")
    message = backend.messenger.sent[-1]
    assert message.to == "bo@example.com"
    assert token in message.text
    assert "ne sert qu’une fois" in message.text


async def test_an_admin_rules_their_own_team_only(backend: Backend) -> None:
    """People of another organisation do not exist; one admin always stays."""
    nord, sud = await admin_of(backend, "Nord"), await admin_of(backend, "Sud")
    identity = backend.identity
    for act in (
        identity.disable(sud.organisation_id, nord.id),
        identity.enable(sud.organisation_id, nord.id),
        identity.change_role(sud.organisation_id, nord.id, "operator"),
        identity.unlock_member(sud.organisation_id, nord.id),
        identity.reset_second_factor(sud.organisation_id, nord.id),
        identity.disable(sud.organisation_id, OperatorId("opr_none")),
    ):
        with pytest.raises(MemberUnknown):
            await act
    for last in (
        identity.disable(nord.organisation_id, nord.id),
        identity.change_role(nord.organisation_id, nord.id, "operator"),
    ):
        with pytest.raises(LastAdmin):
            await last
    second = await identity.create_operator(
        "second@nord.example", "Second", PASSWORD, "admin", organisation_id=nord.organisation_id
    )
    await identity.change_role(nord.organisation_id, nord.id, "operator")
    assert {one.operator.name: one.operator.role for one in await identity.members(nord.organisation_id)} == {
        nord.name: "operator",
        second.name: "admin",
    }


async def test_two_admins_cannot_put_each_other_out_at_once(backend: Backend) -> None:
    """Of two at the same moment one stays."""
    nord = await admin_of(backend)
    other = await backend.identity.create_operator(
        "other@nord.example", "Other", PASSWORD, "admin", organisation_id=nord.organisation_id
    )
    acts = [backend.identity.disable(nord.organisation_id, one.id) for one in (nord, other)]
    answers = await asyncio.gather(*acts, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["LastAdmin", "NoneType"]


async def test_a_closed_account_loses_its_sessions_at_once(backend: Backend) -> None:
    """And cannot sign in; opened again it can, but no old session comes back."""
    await backend.identity.create_operator("boss@example.com", "Boss", PASSWORD, "admin")
    _, signed_in = await backend.identity.login("alex@example.com", PASSWORD)
    await backend.identity.disable(t.HOUSE, backend.operator.id)
    with pytest.raises(SessionMissing):
        await backend.identity.operator(signed_in.token)
    with pytest.raises(LoginFailed):
        await backend.identity.login("alex@example.com", PASSWORD)
    assert (await backend.identity.members(t.HOUSE))[-1].disabled_at is not None
    await backend.identity.enable(t.HOUSE, backend.operator.id)
    with pytest.raises(SessionMissing):
        await backend.identity.operator(signed_in.token)
    await backend.identity.login("alex@example.com", PASSWORD)


async def test_operators_see_the_cases_of_those_who_let_them_in(backend: Backend) -> None:
    """The house sees a new platform's cases, another organisation none until granted, and none once revoked."""
    seller = await backend.joined()
    case, tenant = seller.inspection_id, backend.platform.tenant_id
    await backend.inspections.ask_help(case, by=seller.actor)
    nord = await admin_of(backend)
    house = backend.inspections.seen_by(t.HOUSE)
    theirs = backend.inspections.seen_by(nord.organisation_id)

    async def sees() -> list[bool]:
        queue = (await theirs.queue()).items
        queued = await theirs.queued([case])
        return [bool(queue), bool(queued), await theirs.is_there(case)]

    assert [entry.outline.inspection.id for entry in (await house.queue()).items] == [case]
    assert await sees() == [False, False, False]
    for attempt in (theirs.get(case), theirs.dossier(case), theirs.claim(case, by=nord.actor)):
        with pytest.raises(InspectionUnknown):
            await attempt
    await backend.identity.grant(tenant, nord.organisation_id)
    assert await sees() == [True, True, True]
    assert await backend.identity.granted_tenants(nord.organisation_id) == {tenant}
    await theirs.claim(case, by=nord.actor)
    with pytest.raises(OperatorUnknown):  # nobody hands a case to another organisation
        await theirs.hand_over(case, backend.operator.id, by=nord.actor)
    await backend.identity.revoke_grant(tenant, nord.organisation_id)
    assert await sees() == [False, False, False]
    with pytest.raises(InspectionUnknown):
        await theirs.release(case, by=nord.actor)
    (house_grant, revoked) = await backend.identity.grants(tenant)
    assert (house_grant.organisation.id, house_grant.revoked_at) == (t.HOUSE, None)
    assert revoked.revoked_at is not None
    again = await backend.identity.grant(tenant, nord.organisation_id)
    assert again.revoked_at is None
    with pytest.raises(OrganisationUnknown):
        await backend.identity.grant(tenant, "org_none")


async def test_a_platform_founds_an_organisation_of_its_own(backend: Backend) -> None:
    """It sees that platform's cases; its first admin is invited; when the e-mail is taken, nothing was founded."""
    tenant = backend.platform.tenant_id
    made, invitation, token = await backend.identity.found_organisation(
        tenant, "Ours", email="a@ours.example", name_of_admin="Ada"
    )
    assert invitation.role == "admin"
    ada, _ = await backend.identity.join(token, "Ada", PASSWORD)
    assert ada.organisation_id == made.id
    assert made.id in {grant.organisation.id for grant in await backend.identity.grants(tenant)}
    before = await backend.identity.organisations()
    with pytest.raises(EmailTaken):
        await backend.identity.found_organisation(tenant, "X", email="a@ours.example", name_of_admin="Ada")
    assert await backend.identity.organisations() == before


def test_rights_grow_with_the_role() -> None:
    """Whatever an operator may do, a supervisor may, and whatever a supervisor may, an admin may."""
    for act in RIGHTS:
        assert [may(role, act) for role in ("operator", "supervisor", "admin")] in (
            [True, True, True],
            [False, True, True],
            [False, False, True],
        )
    assert not may("operator", "approve_publication")
    assert may("operator", "withdraw_publication")
    assert not may("supervisor", "manage_team")
