"""Which URLs and addresses may be called: every class of address, every spelling of one."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.egress import EgressRules, UrlInvalid, is_public, normal_host, parse_url
from pipelines.errors import InvalidRequest

NONE = EgressRules()

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3",  # noqa: S104 - to be refused
    "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.0.9", "192.0.0.170",
    "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:0:53aa:64c::1", "2001:db8::1", "2001:10::1", "2001:20::1", "2002:7f00:1::",
    "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    "ff0e::1", "4000::1", "2620:4f:8000::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::8a"]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(address: str) -> None:
    assert not is_public(address)
    assert not NONE.address_allowed(ip_address(address), "example.org", 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(address)
    assert NONE.address_allowed(address, "example.org", 443)


def test_what_is_no_address_or_has_a_zone_is_refused() -> None:
    assert not is_public("example.org")
    assert not is_public("2606:4700::1111%eth0")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_literal_is_refused_at_submit(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(InvalidRequest) as caught:
        NONE.check_url(f"https://{host}/hook", name="webhook.url")
    assert caught.value.code == "address_refused"
    assert caught.value.fields[0].field == "webhook.url"


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.1", "127.0.1", "0", "0x", "017700000001",
     "127.0.0.1.", "\uff11\uff12\uff17.0.0.1", "127。0。0。1", "0X7F.0.0.1", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"],
)  # fmt: skip
def test_other_spellings_of_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        NONE.check_url(f"https://{host}/")
    assert caught.value.code == "address_refused"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "localhost.", "api.localhost", "metadata.google.internal", "printer.local",
     "localhost.localdomain", "router.home.arpa"],
)  # fmt: skip
def test_internal_names_are_refused(host: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        NONE.check_url(f"https://{host}/")
    assert caught.value.code == "address_refused"


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///x", "http://example.org/",
     "https://user@example.org/", "https://user:pass@example.org/", "https://example.org\\@127.0.0.1/",
     "https://exa mple.org/", "https://example.org/\r\nX: y", "https://example.org:0/", "https://example.org:70000/",
     "https://example.org:x/", "https://256.1.1.1/", "https://1.2.3.4.5/", "https://1.2.3.x4.5/", "https://0x1g.1/",
     "https://09.1.1.1/", "https://a..b/", "https://-a.org/", "https://[::1/", "https://[fe80::1%25eth0]/",
     "https://[1.2.3.4]/", "https://%31%32%37.0.0.1/", "https://" + "a" * 64 + ".org/", "https://example.org/ü",
     "https://example.org/" + "a" * 3000],
)  # fmt: skip
def test_what_is_not_a_url_to_call_is_invalid(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        NONE.check_url(url)
    assert caught.value.code == "url_invalid"


def test_a_public_url_becomes_a_destination() -> None:
    destination = NONE.check_url("https://Bücher.Example.org./a/b?c=d#e")
    assert (destination.scheme, destination.host, destination.port) == ("https", "xn--bcher-kva.example.org", 443)
    assert destination.target == "/a/b?c=d"
    assert destination.authority == "xn--bcher-kva.example.org"
    assert NONE.check_url("https://8.8.8.8:8443").authority == "8.8.8.8:8443"
    assert NONE.check_url("https://[2606:4700:0::1111]/").authority == "[2606:4700::1111]"


def test_the_list_of_exceptions_opens_exactly_what_it_names() -> None:
    rules = EgressRules.parse(" 127.0.0.1:9000, Hooks.Internal:80 ,[::1]:8080,")
    assert rules.check_url("http://127.0.0.1:9000/x").port == 9000
    assert rules.check_url("http://hooks.internal/").host == "hooks.internal"
    assert rules.check_url("http://[0::1]:8080/").host == "::1"
    assert rules.address_allowed("10.1.2.3", "hooks.internal", 80)
    for url in ("http://127.0.0.1:9001/", "http://hooks.internal:81/", "http://127.0.0.2:9000/"):
        with pytest.raises(InvalidRequest) as caught:
            rules.check_url(url)
        assert caught.value.code == "address_refused"
    assert not rules.address_allowed("127.0.0.1", "example.org", 9000)


@pytest.mark.parametrize(
    "allow", ["localhost", "localhost:", "localhost:0", "a:70000", "a b:80", ":80", "1.2.3.4.5:80"]
)
def test_a_wrong_exception_is_named(allow: str) -> None:
    with pytest.raises(UrlInvalid, match=r"host:port|host is not"):
        EgressRules.parse(allow)


@given(st.integers(0, 2**32 - 1))
def test_all_spellings_of_an_address_are_one_host(value: int) -> None:
    dotted = str(ip_address(value))
    octets = dotted.split(".")
    spellings = [str(value), hex(value), f"0{value:o}", ".".join(hex(int(part)) for part in octets)]
    assert {normal_host(spelling) for spelling in spellings} == {dotted}


@given(st.text(max_size=60))
def test_no_text_makes_the_parser_raise_anything_else(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/x"):
        try:
            assert parse_url(url).host
        except UrlInvalid:
            continue
