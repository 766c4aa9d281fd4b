"""Paper 4's tables come from one run for each database, each by its own protocol."""

from fervid.folds import PROTOCOLS
from fervid.papers.plans import PLANS
from fervid.papers.published import table
from fervid.systems import SYSTEMS

TABLES = ("1", "2", "3", "Fig. 6")


def test_every_number_of_the_paper_s_own_has_a_network_and_a_protocol() -> None:
    system = SYSTEMS["hybrid"]
    networks = {"spatial", "temporal", "score", "dbn-1", "dbn-2", "dbn-3"}
    for number in TABLES:
        plan = PLANS["hybrid", number]
        assert set(plan.networks.values()) <= networks and plan.changes == {"compare": True}
        for cell in table("hybrid", number):
            answered = cell.row in plan.networks or "*" in plan.networks
            assert answered == cell.own, (number, cell.row)
            assert plan.systems[cell.database] == system.name
            words = {"losgo": "leave one of five subject groups out", "loso": "leave one subject"}
            protocol = plan.protocol_of(cell.database)
            assert protocol in PROTOCOLS
            if cell.own:
                assert cell.protocol.startswith(words[protocol])


def test_a_database_without_a_protocol_of_its_own_has_the_plan_s() -> None:
    assert PLANS["hybrid", "1"].protocol_of("ck_plus") == "paper"
    assert PLANS["dtagn", "2"].protocol_of("mmi") == "paper"
