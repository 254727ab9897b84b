"""The list as a sheet, CSV or XLSX."""
