"""Texts that nobody means: they are refused in words, and nothing breaks."""

import pytest

from connectors.manifest.source import read_source
from connectors.paths import compile_path
from mappings.samples import read_samples


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, "a: " + "{b: " * 3_000 + "1" + "}" * 3_000])
def test_deep_yaml_is_a_fault_of_the_source(text: str) -> None:
    [(_, message, remedy)] = read_source(text, "mapping.yaml").faults
    assert "deep" in message
    assert remedy


@pytest.mark.parametrize("text", ['meaning: "a\\0b"', 'list: [1, "\\0"]', '"a\\0b": 1'])
def test_nul_in_yaml_is_a_fault_of_its_line(text: str) -> None:
    [(line, message, remedy)] = read_source(f"name: x\n{text}", "mapping.yaml").faults
    assert line == 2
    assert "NUL" in message
    assert remedy


def test_bytes_in_yaml_are_a_fault_of_their_line() -> None:
    [(line, message, _)] = read_source("name: x\nmeaning: !!binary aGVsbG8=", "mapping.yaml").faults
    assert (line, "bytes" in message) == (2, True)


@pytest.mark.parametrize(
    "number",
    ["0.12345678901234567890", "9007199254740993.0", "010", "-0751", "0x1F", "0b11", "18:30", "1:20.5", "007"],
)
def test_number_that_would_be_read_as_another_is_a_fault_of_its_line(number: str) -> None:
    [(line, message, remedy)] = read_source(f"name: x\nvalues: {{rate: {number}}}", "table.yaml").faults
    assert line == 2
    assert number in message
    assert "quotes" in remedy


def test_numbers_that_are_read_as_they_stand_are_taken() -> None:
    source = read_source("[0, -5, +7, 1_000, 12345678901234567890, 1.10, .5, 0.1, 2.5e+3, '010', 1e400]", "x")
    assert source.faults == []
    assert source.value == [0, -5, 7, 1000, 12345678901234567890, 1.1, 0.5, 0.1, 2500.0, "010", "1e400"]


def test_deep_samples_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        read_samples("[" * 5_000 + "]" * 5_000)


@pytest.mark.parametrize("step", ["--5", "²", "-", "٣"])
def test_step_of_a_path_that_is_no_plain_number_is_a_name(step: str) -> None:
    assert compile_path(["a", step]) == ("a", step)
