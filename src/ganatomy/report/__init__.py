"""What experiments say, as a folder: one page for people, one JSON file for programs, figures, and files for use.

document    `Document`: title, sentences, numbers, sections with drawings and tables, data
writer      the folder, each file written whole or not at all
elements    numbers and tables
embedded    images and charts inside a page
pages       templates
maps        pages of maps that zoom

Every experiment's result becomes a document by `ganatomy.experiments.documents.document`, which is `ga.document`:
`ga.write_document(ga.document(found, experiment, model="faces"), "faces-report")`.
"""

from ganatomy.report.document import Card, Document, Drawing, Section, Strip
from ganatomy.report.writer import as_json, prepare_folder, write_document

__all__ = [
    "Card",
    "Document",
    "Drawing",
    "Section",
    "Strip",
    "as_json",
    "prepare_folder",
    "write_document",
]
