"""The report as one self-contained HTML page, to print or send."""

from functools import cache
from typing import TYPE_CHECKING

from app.reports import messages
from app.schemas.report import Report
from detection_model.inference.verdict import percent
from detection_model.provenance.record import attachment_text, claim_text, credentials_text

if TYPE_CHECKING:
    import jinja2

# The page has no script, and its policy forbids any.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"  # noqa: E501

# Printed metadata: number of fields, and characters of each. The JSON report is complete.
_FIELDS = 12
_LONGEST = 100


def page(report: Report) -> str:
    """The HTML page. All input is escaped."""
    entries = [entry for entry in report.provenance.entries if entry.value is not None]
    return _template().render(
        report=report,
        lead=next(result for result in report.results if result.model == report.leading),
        with_faces=[result for result in report.results if result.faces],
        most_faces=max(len(result.faces) for result in report.results),
        entries=entries[:_FIELDS],
        hidden_entries=len(entries[_FIELDS:]),
        longest=_LONGEST,
        policy=POLICY,
        messages=messages,
        claim=claim_text,
        attachment=attachment_text,
        credentials=credentials_text,
        percent=percent,
    )


@cache
def _template() -> "jinja2.Template":
    import jinja2  # a start need not wait for it

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("app.reports", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")
