"""The account of one exploration: a page for people, numbers for programs, directions for use."""

from ganatomy.report.writer import prepare_folder, write_report

__all__ = ["prepare_folder", "write_report"]
