"""The kinds of queries that the page sends over the socket."""

from __future__ import annotations

from typing import Any

from ganatomy.recipes.fields import Fields, choice
from ganatomy.studio import queries
from ganatomy.studio.inverting import InvertQuery, StopQuery
from ganatomy.studio.queries import Query
from ganatomy.studio.ranges import RangesQuery
from ganatomy.studio.refining import RefineQuery

KINDS: dict[str, type[Query]] = {
    "image": queries.ImageQuery,
    "reading": queries.ReadingQuery,
    "ranges": RangesQuery,
    "refine": RefineQuery,
    "sheet": queries.SheetQuery,
    "walk": queries.WalkQuery,
    "mix": queries.MixQuery,
    "sum": queries.SumQuery,
    "teach": queries.TeachQuery,
    "invert": InvertQuery,
    "stop": StopQuery,
}


def read_query(value: Any) -> Query:
    """A query of the page, from JSON that may come from anywhere.

    Raises:
        CheckpointError: naming the field that is wrong.
    """
    fields = Fields(value, "query")
    query = KINDS[fields.take("kind", choice(KINDS))].take(fields)
    fields.end()
    return query
