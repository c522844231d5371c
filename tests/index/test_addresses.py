import pytest

from autograder.index.addresses import addresses_in, bridge_addresses


def test_the_addresses_are_the_two_at_the_top() -> None:
    assert addresses_in("172.17.0.0/16") == {"now": "172.17.255.254", "then": "172.17.255.253"}


def test_a_gateway_at_the_top_keeps_its_address() -> None:
    found = addresses_in("10.9.8.0/24", gateway="10.9.8.254")
    assert found == {"now": "10.9.8.253", "then": "10.9.8.252"}


def test_the_bridge_is_read_from_what_the_engine_says() -> None:
    ipam = {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": "192.168.5.0/24"}]}
    assert bridge_addresses({"IPAM": ipam})["now"] == "192.168.5.254"


def test_a_bridge_without_ipv4_is_named() -> None:
    with pytest.raises(ValueError, match="IPv4"):
        bridge_addresses({"IPAM": {"Config": None}})
