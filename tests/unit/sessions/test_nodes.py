"""A session rests on one node at a time, whatever messages are lost and whoever is cut off."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from inspection_service.inspections.errors import SessionElsewhere
from inspection_service.media.signalling import Participant
from inspection_service.sessions.board import FORGET_S
from inspection_service.sessions.edge import SILENCE_S
from inspection_service.sessions.errors import NodesDisagree
from inspection_service.sessions.frames import Echo, Said, read
from inspection_service.sessions.leases import LEASE_S, UNUSED_S
from inspection_service.testing import FakeClock, MemoryExchange
from tests.unit.sessions.nodes import CASE, OPERATOR, SELLER, Fences, TestNode, TestPage, nodes

pytestmark = pytest.mark.unit


async def in_call(seller: TestPage, operator: TestPage) -> None:
    """Ring and accept."""
    await operator.hear("presence", seller=True)
    await operator.say("call.open")
    await seller.hear("call", state="ringing")
    await seller.say("call.accept")
    await operator.hear("call", state="accepted")


def owners(*each: TestNode) -> list[str]:
    """Which nodes hold the session."""
    return [node.node_id for node in each if node.sessions.leases.holds(CASE)]


async def test_a_command_goes_over_two_nodes_and_its_answer_back() -> None:
    """Numbered and written by the owner alone; the other node only passes it on."""
    async with nodes("a", "b") as (_, (one, two)), one.page(SELLER) as seller, two.page(OPERATOR) as operator:
        assert (await operator.hear("welcome"))["live_level"] == "steer"
        await in_call(seller, operator)
        await operator.say("command", id="k1", name="torch", args={"on": True})
        assert (await seller.hear("command"))["no"] == 1
        await seller.say("ack", id="k1", ok=True, effect={"torch": True})
        assert (await operator.hear("ack"))["no"] == 1
        assert owners(one, two) == ["a"]
        assert {node for node, _ in one.fences.written} == {"a"}
        assert two.sessions.presence(CASE) == one.sessions.presence(CASE) == (True, ["Olivia"])
        call = two.sessions.call(CASE)
        assert call is not None
        assert (call.state, call.operator_name) == ("accepted", "Olivia")
        assert two.sessions.operators_online == {"op_1"}


async def test_many_pages_at_once_agree_on_one_owner() -> None:
    """Whoever comes first to three nodes at the same moment: one of them owns it, counted up once."""
    async with nodes("a", "b", "c") as (_, all_nodes):
        asked = [node.sessions.leases.owner(CASE) for node in all_nodes for _ in range(4)]
        answers = await asyncio.gather(*asked)
        assert len(set(answers)) == 1
        assert owners(*all_nodes) == [answers[0]]
        assert all_nodes[0].fences.held[CASE] == (answers[0], 1)


async def test_a_session_nobody_is_in_is_given_back_for_the_next_node() -> None:
    """Not at once, for a page may be coming; then the record and the broker both know that it is free."""
    async with nodes("a", "b") as (exchange, (one, two)):
        async with one.page(SELLER):
            await one.sessions.renew()
            assert exchange.holder(f"live:{CASE}") == "a"
        await one.sessions.renew()
        assert owners(one) == ["a"]
        exchange.clock.advance(seconds=UNUSED_S)
        await one.sessions.renew()
        assert (owners(one), exchange.holder(f"live:{CASE}")) == ([], None)
        assert one.fences.held[CASE] == (None, 1)
        async with two.page(SELLER):
            assert (owners(one, two), two.fences.held[CASE]) == (["b"], ("b", 2))


async def test_an_owner_that_was_cut_off_may_write_nothing_more() -> None:
    """Its pages go on while nobody else has the session; once another node has, a command is not sent, and they go."""
    async with (
        nodes("a", "b") as (exchange, (one, two)),
        one.page(SELLER) as seller,
        one.page(OPERATOR) as operator,
    ):
        await in_call(seller, operator)
        one.broker.lose()
        await operator.say("command", id="k1", name="torch", args={"on": True})
        assert (await seller.hear("command"))["no"] == 1
        await one.sessions.renew()  # the broker does not answer: no reason to stop
        assert owners(one) == ["a"]
        exchange.clock.advance(seconds=LEASE_S)
        async with two.page(Participant("con_2", "operator", "op_1", "Olivia")):
            assert owners(one, two) == ["a", "b"]  # for a moment both believe it ...
            await operator.say("command", id="k2", name="torch", args={"on": False})
            assert [kind for _, kind in one.fences.written].count("command.sent") == 1  # ... not the record
            await one.sessions.renew()
            assert await seller.closed() == await operator.closed() == 1012
            assert owners(one, two) == ["b"]


async def test_an_idle_owner_that_was_cut_off_hears_it_from_the_record() -> None:
    """Nothing is written and the broker is away: its pages do not sit in a session of their own for ever."""
    async with nodes("a", "b") as (exchange, (one, two)), one.page(SELLER) as seller:
        one.broker.lose()
        exchange.clock.advance(seconds=LEASE_S)
        async with two.page(OPERATOR):
            await one.sessions.renew()
            assert await seller.closed() == 1012


async def test_an_owner_that_comes_back_finds_that_its_lease_has_gone() -> None:
    """Its pages go to the node that has the session by now."""
    async with nodes("a", "b") as (exchange, (one, two)), one.page(SELLER) as seller:
        one.broker.lose()
        exchange.clock.advance(seconds=LEASE_S)
        async with two.page(OPERATOR):
            one.broker.find()
            await one.sessions.renew()
            assert await seller.closed() == 1012
            assert owners(one, two) == ["b"]
            assert one.metrics.registry.get_sample_value("inspection_sessions_lost_total") == 1


async def test_a_broker_that_has_forgotten_everything_takes_no_session_from_its_owner() -> None:
    """Whoever asks first after it is back hears from the record who has it; an owner that stays away loses it."""
    async with nodes("a", "b") as (exchange, (one, two)), one.page(SELLER):
        for node in (one, two):
            node.broker.lose()
        exchange.leases.clear()
        two.broker.is_up = True  # it answers a moment before the node has been told that it is back
        assert await two.sessions.leases.owner(CASE) == "a"
        exchange.leases.clear()
        two.broker.find()
        assert await two.sessions.leases.owner(CASE) == "a"
        assert not await two.sessions._is_gone("a")
        one.broker.find()
        await one.sessions.renew()
        async with two.page(OPERATOR) as operator:
            await operator.hear("presence", seller=True)
        assert owners(one, two) == ["a"]
        for node in (one, two):
            node.broker.lose()
        exchange.leases.clear()
        two.broker.find()
        exchange.clock.advance(seconds=LEASE_S)
        assert await two.sessions.leases.owner(CASE) == "b"


async def test_without_a_broker_the_record_says_who_may_begin() -> None:
    """A session that nobody has begins anywhere; one that another node had last waits for the broker."""
    async with nodes("a", "b") as (_, (one, two)):
        for node in (one, two):
            node.broker.lose()
        async with one.page(SELLER) as seller:
            await seller.hear("welcome")
            assert one.fences.held[CASE] == ("a", 1)
            with pytest.raises(SessionElsewhere):
                async with two.page(OPERATOR):
                    pass
            one.broker.find()
            await one.sessions.renew()
            two.broker.find()
            assert owners(one, two) == ["a"]


async def test_a_message_lost_on_the_way_brings_the_page_back() -> None:
    """Nothing is skipped in silence: the next message shows the gap, in either direction."""
    async with nodes("a", "b") as (exchange, (one, two)), one.page(SELLER):
        async with two.page(OPERATOR) as operator:
            await operator.hear("presence", seller=True)

            def loses_one(_: str, message: bytes) -> bool:
                is_it = isinstance(read(message), Said)
                if is_it:
                    exchange.drop = lambda _channel, _message: False
                return is_it

            exchange.drop = loses_one
            await operator.say("chat", id="c1", text="lost")
            await operator.say("ping")
            assert await operator.closed() == 1012
        assert two.metrics.relayed_sockets.labels("socket")._value.get() == 0


async def test_an_owner_that_hangs_is_left() -> None:
    """It is still heard of by the broker but answers nothing; its pages come back."""
    async with nodes("a", "b") as (exchange, (one, two)), one.page(SELLER), two.page(OPERATOR) as operator:
        await operator.hear("presence", seller=True)
        two.sessions._edge.probe()
        exchange.clock.advance(seconds=SILENCE_S - 1)
        two.sessions._edge.probe()
        exchange.drop = lambda _, message: isinstance(read(message), Echo)
        exchange.clock.advance(seconds=SILENCE_S)
        two.sessions._edge.probe()
        assert await operator.closed() == 1012
    assert two.metrics.registry.get_sample_value("inspection_relay_seconds_count") == 2


async def test_a_node_that_ends_in_order_leaves_its_sessions_to_the_others_at_once() -> None:
    """Pages of other nodes are told to come back, and find it free."""
    async with nodes("a", "b") as (_, (one, two)):
        async with one.page(SELLER), two.page(OPERATOR) as operator:
            await operator.hear("presence", seller=True)
            await one.sessions.close()
            assert await operator.closed() == 1012
            assert two.sessions.presence(CASE) == (False, [])
        async with two.page(OPERATOR) as operator:
            await operator.hear("welcome")
            assert owners(one, two) == ["b"]


async def test_a_flood_ends_at_the_node_it_came_to() -> None:
    """The line between the nodes is not for one page to fill."""
    passed: list[bytes] = []

    def count(_: str, message: bytes) -> bool:
        is_said = isinstance(read(message), Said)
        if is_said:
            passed.append(message)
        return is_said

    async with (
        nodes("a", "b") as (exchange, (one, two)),
        one.page(SELLER),
        two.page(OPERATOR) as operator,
    ):
        exchange.drop = count
        for _ in range(500):
            await operator.say("ping")
        assert await operator.closed() == 4429
    assert 0 < len(passed) <= 200


async def test_pages_of_a_node_that_died_have_left() -> None:
    """Nobody says goodbye for them: the silence of their node does."""
    async with nodes("a", "b") as (exchange, (one, two)), one.page(SELLER) as seller:
        async with two.page(OPERATOR):
            await seller.hear("presence", operators=["Olivia"])
            two.sessions._tell_all()
            exchange.drop = lambda _channel, _message: True  # it is dead: its goodbye reaches nobody
            exchange.clock.advance(seconds=FORGET_S)
            one.sessions._board.forget_silent()
            await seller.hear("presence", operators=[])
        exchange.drop = lambda _channel, _message: False


async def test_a_node_with_another_pepper_does_not_join() -> None:
    """Half of all links and sign-ins would fail by turns; it says so at its start instead."""
    exchange = MemoryExchange(FakeClock())
    with ThreadPoolExecutor(1) as executor:
        one, two, other = (
            TestNode(name, exchange, Fences(), executor, secret)
            for name, secret in (("a", b"pepper"), ("b", b"pepper"), ("c", b"salt"))
        )
        await one.sessions.open()
        await two.sessions.open()
        exchange.clock.advance(seconds=LEASE_S - 1)
        await two.sessions.renew()
        exchange.clock.advance(seconds=LEASE_S - 1)
        with pytest.raises(NodesDisagree):
            await other.sessions.open()
        exchange.clock.advance(seconds=LEASE_S)
        await other.sessions.open()  # the others have gone
        other.broker.lose()
        await other.sessions.open()  # nobody to ask
