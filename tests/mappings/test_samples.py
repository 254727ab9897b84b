"""Samples of a mapping's source, and what is said of pasted text that is no record."""

import pytest

from mappings.samples import UnreadableSample, read_samples, samples_between

HARVEST = {"system": "harvest", "stream": "time_entries"}
NETSUITE = {"system": "netsuite", "stream": "time_entries"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{not json", "line 1, character 2: a name in double quotes is needed here"),
        ('{"a": 1,\n "b": @}', "line 2, character 7: a value is needed here"),
        ('{"a" 1}', "line 1, character 6: a colon is needed here"),
        ('{"a": 1 "b": 2}', "line 1, character 9: a comma or the closing bracket is needed here"),
        ('{"a": 1} x', "line 1, character 10: something stands here after the end"),
        ('{"a": "x', "line 1, character 7: the text that begins here has no closing quote"),
        ("[1, 2]", "no record"),
        ("7", "no record"),
        ('{"a": NaN}', "a number or a text in it is none that can be kept"),
    ],
)
def test_pasted_text_that_is_no_record_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(UnreadableSample) as told:
        read_samples(text)
    assert words in str(told.value)
    assert "byte" not in str(told.value)


def test_mapping_of_any_name_has_the_samples_of_its_source() -> None:
    assert all("spent_date" in each for each in samples_between(HARVEST, {"entity": "time_entry"}, "own.hours"))
    ours = samples_between({"entity": "time_entry"}, NETSUITE)
    assert ours
    assert "project_code" in ours[0]
    assert samples_between({"entity": "worker"}, NETSUITE) == [], "these are other records"
    assert samples_between({"system": "nowhere", "stream": "x"}, {"entity": "task"}) == []
