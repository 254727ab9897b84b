"""A sheet of rows that is too long to be sent back is refused in words."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mappings import shipped
from tests.hub.test_table_pages import farid, rates

pytestmark = pytest.mark.django_db


def test_sheet_that_no_page_could_send_back_is_refused_before_it_is_read(settings: Any) -> None:
    shipped.install()
    table = rates()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 11_000  # ten thousand of it are kept for what is sent beside the sheet
    sheet = "\n".join(["role,rate", *(f"Rollé {n},5" for n in range(100))])
    file = SimpleUploadedFile("rows.csv", sheet.encode())

    answer = farid().post(f"/tables/{table.pk}/sheets/", {"file": file, "reason": "New rates"})

    assert answer.status_code == 422
    assert "longer than a page can send back" in answer.context["form"].errors["file"][0]
    assert 'enctype="multipart/form-data"' in answer.content.decode()
